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

/** DRM_IOWR(0x00, struct drm_version), of 64 bits: 0xc0406400. */
export const DRM_IOCTL_VERSION = ioc(IOC_READ | IOC_WRITE, 0x64, 0x00, 64);
/** DRM_IOWR(0xb2, struct drm_mode_create_dumb): 0xc02064b2. */
export const DRM_IOCTL_MODE_CREATE_DUMB = ioc(IOC_READ | IOC_WRITE, 0x64, 0xb2, 32);

/** include/uapi/drm/vgem_drm.h: struct drm_vgem_fence_attach { __u32 handle; __u32 flags; __u32 out_fence; __u32 pad; }. */
export const DRM_IOCTL_VGEM_FENCE_ATTACH = ioc(IOC_READ | IOC_WRITE, 0x64, 0x41, 16);
/** struct drm_vgem_fence_signal { __u32 fence; __u32 flags; }. */
export const DRM_IOCTL_VGEM_FENCE_SIGNAL = ioc(IOC_WRITE, 0x64, 0x42, 8);
export const VGEM_FENCE_WRITE = 1;

export const DRM_CLOEXEC = O_CLOEXEC;
export const DRM_RDWR = O_RDWR;
