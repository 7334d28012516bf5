// count KERNELS RUNS MODEL: opens a model and runs it RUNS times on zeros; what one run more costs is one inference.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tinynn.h"

static void *memory(size_t bytes) {
  char *result = malloc(bytes + TINYNN_ALIGNMENT);
  if (!result) exit(74);
  result += TINYNN_ALIGNMENT - (uintptr_t)result % TINYNN_ALIGNMENT;
  memset(result, 0, bytes);
  return result;
}

int main(int argc, char **argv) {
  if (argc != 4) return 64;
  FILE *file = fopen(argv[3], "rb");
  if (!file) return 66;
  fseek(file, 0, SEEK_END);
  size_t bytes = (size_t)ftell(file), needed;
  rewind(file);
  void *contents = memory(bytes);
  tinynn_model *model;
  tinynn_session *session;
  if (fread(contents, 1, bytes, file) != bytes) return 74;
  if (tinynn_model_open(memory(TINYNN_MODEL_BYTES), TINYNN_MODEL_BYTES, contents, bytes, &model, NULL)) return 65;
  if (tinynn_session_required_bytes(model, &needed)) return 70;
  if (tinynn_session_open(memory(needed), needed, model, atoi(argv[1]), &session)) return 69;
  for (int i = 0; i < atoi(argv[2]); i++) tinynn_session_run(session);
  return 0;
}
