"""A buffer of the system heap, mapped, written and read back."""
import errno
import fcntl
import mmap
import os
import struct

ALLOC = 0xC0184800

heap = os.open("/dev/dma_heap/system", os.O_RDWR | os.O_CLOEXEC)
answer = bytearray(struct.pack("QIIQ", 65536, 0, os.O_RDWR | os.O_CLOEXEC, 0))
fcntl.ioctl(heap, ALLOC, answer)
_, fd, _, _ = struct.unpack("QIIQ", answer)
with mmap.mmap(fd, 65536) as memory:
    memory[:5] = b"hello"
with mmap.mmap(fd, 65536, prot=mmap.PROT_READ) as memory:
    print(f"descriptor {fd}, {os.lseek(fd, 0, os.SEEK_END)} bytes, {memory[:5].decode()}")
os.close(fd)
try:
    os.open("/dev/dma_heap/nothing", os.O_RDWR)
except OSError as error:
    print("no such heap:", errno.errorcode[error.errno])
