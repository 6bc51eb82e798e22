/* What the number of an ioctl request says: its place in its family, how long its argument is, whether it stores to it. */
#ifndef DMAH_IOCTL_WORDS_H
#define DMAH_IOCTL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../protocol.h"

#define NUMBER_OF(request) ((request) & 0xff)
#define LENGTH_OF(request) ((size_t)(request) >> 16 & 0x3fff)
#define STORES(request) ((request) >> 31)

/* The numbers of the requests that make descriptors: of a heap, a DRM node (PRIME_HANDLE_TO_FD), a buffer (EXPORT_SYNC_FILE). */
static inline bool dmah_makes_descriptor(int kind, uint32_t request)
{
  uint32_t number = NUMBER_OF(request);
  return kind == DMAH_HEAP ? number == 0 : kind == DMAH_DRM ? number == 0x2d : kind == DMAH_BUFFER && number == 2;
}

#endif
