// What it costs to give half of some work to a thread on another core: the numbers behind HostRuntime's ThreadPool.
//
//   cc -O3 -pthread Benchmarks/threads/handoff.c -o /tmp/handoff && /tmp/handoff
//
// Two threads that never sleep, with the ticket, the answer and the work on cache lines of their own, scale an array into another
// one, again and again: alone; each half always by the same thread; and the halves changing threads every time, so that each reads
// what the other wrote.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static _Alignas(64) atomic_ulong ticket;
static _Alignas(64) atomic_ulong answer;
static _Alignas(64) atomic_int stopped;
static _Alignas(64) struct {
  float *source, *target;
  int count, swapped;
} work;

static double microseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec * 1e-3;
}

static void scale(const float *restrict from, float *restrict to, int n) {
  for (int i = 0; i < n; i++) to[i] = 1.0001f * from[i];
}

static void half(int part) {
  int size = work.count / 2, start = (work.swapped ? 1 - part : part) * size;
  scale(work.source + start, work.target + start, size);
}

static void *serve(void *unused) {
  for (unsigned long seen = 0;;) {
    unsigned long next;
    while ((next = atomic_load_explicit(&ticket, memory_order_acquire)) == seen)
      if (atomic_load_explicit(&stopped, memory_order_relaxed)) return unused;
    seen = next;
    half(1);
    atomic_store_explicit(&answer, seen, memory_order_release);
  }
}

static void both(void) {
  unsigned long mine = atomic_fetch_add(&ticket, 1) + 1;
  half(0);
  while (atomic_load_explicit(&answer, memory_order_acquire) != mine) {
  }
}

enum { alone, kept, changing };

/// The least time of one pass over the array in many rounds.
static double least(int way) {
  double best = 1e9;
  for (int round = 0; round < 200; round++) {
    work.swapped = 0;
    double start = microseconds();
    for (int pass = 0; pass < 20; pass++) {
      if (way == changing) work.swapped ^= 1;
      if (way == alone)
        scale(work.source, work.target, work.count);
      else
        both();
      float *other = work.source;
      work.source = work.target;
      work.target = other;
    }
    double time = (microseconds() - start) / 20;
    if (time < best) best = time;
  }
  return best;
}

int main(void) {
  const int counts[] = {0, 4096, 16384, 47040, 94080, 200704};
  work.source = aligned_alloc(64, 1 << 20);
  work.target = aligned_alloc(64, 1 << 20);
  if (!work.source || !work.target) return 1;
  memset(work.source, 0, 1 << 20);
  memset(work.target, 0, 1 << 20);
  pthread_t thread;
  if (pthread_create(&thread, NULL, serve, NULL) != 0) return 1;
  printf("%8s %12s %12s %16s %22s\n", "floats", "one, us", "two, us", "halves change", "ns per changed line");
  for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
    int count = work.count = counts[i];
    double one = least(alone), two = least(kept), other = least(changing);
    printf("%8d %12.2f %12.2f %16.2f", count, one, two, other);
    if (count) printf(" %22.1f", (other - two) * 1e3 / (count / 2 / 16.0));
    printf("\n");
  }
  atomic_store(&stopped, 1);
  return pthread_join(thread, NULL);
}
