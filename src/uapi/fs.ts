/** include/uapi/linux/fs.h and asm-generic/ioctls.h: the requests that the file layer answers by itself. */
import { IOC_READ, IOC_WRITE, ioc } from './ioctl.ts';

export const FIOCLEX = 0x5451;
export const FIONCLEX = 0x5450;
export const FIONBIO = 0x5421;
export const FIOASYNC = 0x5452;
export const FIOQSIZE = 0x5460;
export const FIGETBSZ = ioc(0, 0x00, 2, 0);
export const FIFREEZE = ioc(IOC_READ | IOC_WRITE, 0x58, 119, 4);
export const FITHAW = ioc(IOC_READ | IOC_WRITE, 0x58, 120, 4);
export const FICLONE = ioc(IOC_WRITE, 0x94, 9, 4);
export const FICLONERANGE = ioc(IOC_WRITE, 0x94, 13, 32);
export const FIDEDUPERANGE = ioc(IOC_READ | IOC_WRITE, 0x94, 54, 24);
export const FS_IOC_FIEMAP = ioc(IOC_READ | IOC_WRITE, 0x66, 11, 32);
