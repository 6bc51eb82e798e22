/** include/uapi/drm/drm.h: the requests on a DRM device's file that have to do with dma-bufs. */
import { O_CLOEXEC, O_RDWR } from './fcntl.ts';
import { IOC_READ, IOC_WRITE, ioc } from './ioctl.ts';

/** The major number of DRM's devices. */
export const DRM_MAJOR = 226;

/** DRM_IOW(0x09, struct drm_gem_close { __u32 handle; __u32 pad; }): 0x40086409. */
export const DRM_IOCTL_GEM_CLOSE = ioc(IOC_WRITE, 0x64, 0x09, 8);
/** DRM_IOWR(0x2d, struct drm_prime_handle { __u32 handle; __u32 flags; __s32 fd; }): 0xc00c642d. */
export const DRM_IOCTL_PRIME_HANDLE_TO_FD = ioc(IOC_READ | IOC_WRITE, 0x64, 0x2d, 12);
/** The same, from a descriptor to a handle: 0xc00c642e. */
export const DRM_IOCTL_PRIME_FD_TO_HANDLE = ioc(IOC_READ | IOC_WRITE, 0x64, 0x2e, 12);

export const DRM_CLOEXEC = O_CLOEXEC;
export const DRM_RDWR = O_RDWR;
