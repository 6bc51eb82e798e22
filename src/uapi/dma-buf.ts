/** include/uapi/linux/dma-buf.h: requests on a dma-buf's descriptor. */
import { IOC_WRITE, ioc } from './ioctl.ts';

/** The longest name with its terminator. */
export const DMA_BUF_NAME_LEN = 32;

/** _IOW('b', 1, __u32) and _IOW('b', 1, __u64): the same request, seen from 32 and 64 bits. */
export const DMA_BUF_SET_NAME_A = ioc(IOC_WRITE, 0x62, 1, 4);
export const DMA_BUF_SET_NAME_B = ioc(IOC_WRITE, 0x62, 1, 8);
