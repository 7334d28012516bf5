/// The commit that the program was built of, which Tools/package/stamp.sh writes into the linked file, or "unknown".
#ifndef BUILD_STAMP_H
#define BUILD_STAMP_H

#define BUILD_STAMP_BYTES 64

const char *build_stamp(void);

#endif
