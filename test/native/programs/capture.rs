//! A buffer of the system heap, with nothing but std: ioctl and mmap are declared here.
use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

#[repr(C)]
struct Allocation {
    len: u64,
    fd: u32,
    fd_flags: u32,
    heap_flags: u64,
}

extern "C" {
    fn ioctl(fd: i32, request: u64, ...) -> i32;
    fn mmap(at: *mut u8, len: usize, prot: i32, flags: i32, fd: i32, offset: i64) -> *mut u8;
    fn munmap(at: *mut u8, len: usize) -> i32;
}

fn main() {
    let heap = OpenOptions::new().read(true).write(true).open("/dev/dma_heap/system").expect("heap");
    let mut a = Allocation { len: 65536, fd: 0, fd_flags: 0o2000002, heap_flags: 0 };
    let ret = unsafe { ioctl(heap.as_raw_fd(), 0xC0184800, &mut a) };
    assert_eq!(ret, 0, "{}", std::io::Error::last_os_error());
    let buffer = unsafe { OwnedFd::from_raw_fd(a.fd as i32) };
    let memory = unsafe { mmap(std::ptr::null_mut(), 65536, 3, 1, buffer.as_raw_fd(), 0) };
    assert_ne!(memory as isize, -1);
    unsafe { *memory.add(65535) = 7 };
    println!("descriptor {}, byte {}", a.fd, unsafe { *memory.add(65535) });
    unsafe { munmap(memory, 65536) };
}
