/** The parts of an ioctl request number: include/uapi/asm-generic/ioctl.h. */

export const IOC_WRITE = 1;
export const IOC_READ = 2;

/** Builds a request number: _IOC(). */
export const ioc = (direction: number, type: number, nr: number, size: number): number =>
  ((direction << 30) | (size << 16) | (type << 8) | nr) >>> 0;

export const iocNr = (request: number): number => request & 0xff;
export const iocType = (request: number): number => (request >>> 8) & 0xff;
export const iocSize = (request: number): number => (request >>> 16) & 0x3fff;
/** The direction seen from the caller: IOC_WRITE passes bytes in, IOC_READ gets bytes back. */
export const iocDir = (request: number): number => request >>> 30;
