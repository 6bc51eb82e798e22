/*
 * System calls without the C library: the carrier wraps the library's functions (syscall() too), so what it does for itself
 * must not pass through them. The answer is the kernel's: a value, or -errno. Never a cancellation point, errno untouched.
 */
#ifndef DMAH_RAW_H
#define DMAH_RAW_H

#include <elf.h>
#include <sys/syscall.h>

/* The machine that we are compiled for, as ELF files name it. */
#ifdef __x86_64__
#define DMAH_OWN_MACHINE EM_X86_64
#else
#define DMAH_OWN_MACHINE EM_AARCH64
#endif

static inline long dmah_raw6(long nr, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
  long ret;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(ret) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return ret;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
#else
#error "dmaheap exec knows x86_64 and arm64 only"
#endif
}

/* dmah_raw(SYS_close, fd): up to six arguments, pointers or numbers. */
#define DMAH_RAW_(nr, a, b, c, d, e, f, ...) dmah_raw6((long)(nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define dmah_raw(...) DMAH_RAW_(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

#endif
