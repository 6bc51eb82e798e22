/* The part of the kernel's seccomp and BPF interface that the second carrier uses: musl's compiler wrapper comes without the kernel's headers. */
#ifndef DMAH_SECCOMP_ABI_H
#define DMAH_SECCOMP_ABI_H

#include <stdint.h>
#include <sys/ioctl.h>

struct bpf_instruction { uint16_t code; uint8_t jump_true, jump_false; uint32_t k; };
struct bpf_program { unsigned short length; struct bpf_instruction *instructions; };

#define BPF_LOAD_WORD 0x20 /* BPF_LD | BPF_W | BPF_ABS */
#define BPF_IF_EQUAL 0x15 /* BPF_JMP | BPF_JEQ | BPF_K */
#define BPF_IF_AT_LEAST 0x35 /* BPF_JMP | BPF_JGE | BPF_K */
#define BPF_IF_BITS 0x45 /* BPF_JMP | BPF_JSET | BPF_K */
#define BPF_RETURN 0x06 /* BPF_RET | BPF_K */

#define SECCOMP_SET_MODE_FILTER 1
#define SECCOMP_GET_NOTIF_SIZES 3
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1ul << 3)
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1ul << 5) /* Linux 5.19 */
#define SECCOMP_RET_USER_NOTIF 0x7fc00000u
#define SECCOMP_RET_ALLOW 0x7fff0000u

#define AUDIT_ARCH_X86_64 0xc000003eu
#define AUDIT_ARCH_AARCH64 0xc00000b7u
#ifdef __x86_64__
#define DMAH_OWN_ARCH AUDIT_ARCH_X86_64
#else
#define DMAH_OWN_ARCH AUDIT_ARCH_AARCH64
#endif
#define DMAH_X32_BIT 0x40000000u /* of a call's number: the x32 ABI, which has the arch of x86_64 */

struct seccomp_data { int32_t nr; uint32_t arch; uint64_t instruction_pointer, args[6]; };
struct seccomp_notif_sizes { uint16_t notif, response, data; };
struct seccomp_notif { uint64_t id; uint32_t pid, flags; struct seccomp_data data; };
struct seccomp_notif_resp { uint64_t id; int64_t val; int32_t error; uint32_t flags; };
struct seccomp_notif_addfd { uint64_t id; uint32_t flags, srcfd, newfd, newfd_flags; };

#define SECCOMP_USER_NOTIF_FLAG_CONTINUE 1u
#define SECCOMP_ADDFD_FLAG_SEND 2u
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1ul
#define SECCOMP_IOCTL_NOTIF_RECV _IOWR('!', 0, struct seccomp_notif)
#define SECCOMP_IOCTL_NOTIF_SEND _IOWR('!', 1, struct seccomp_notif_resp)
#define SECCOMP_IOCTL_NOTIF_ID_VALID _IOW('!', 2, uint64_t)
#define SECCOMP_IOCTL_NOTIF_ADDFD _IOW('!', 3, struct seccomp_notif_addfd)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS _IOW('!', 4, uint64_t) /* Linux 6.6 */

#endif
