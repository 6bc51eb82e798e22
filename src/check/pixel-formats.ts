/**
 * Pixel formats by their four characters, as DRM (include/uapi/drm/drm_fourcc.h) and V4L2
 * (include/uapi/linux/videodev2.h) name them: how many bytes a line of each plane has, and how many lines.
 */

/** One plane: bits of a pixel, and how many pixels share a sample in each direction. */
export interface FormatPlane {
  /** Bits for each sample of this plane. */
  readonly bits: number;
  readonly horizontal: number;
  readonly vertical: number;
}

export interface PixelFormat {
  readonly fourcc: string;
  readonly planes: readonly FormatPlane[];
  /** V4L2's formats of several buffers: each plane has its own. */
  readonly separate?: true;
}

const plane = (bits: number, horizontal = 1, vertical = 1): FormatPlane => ({ bits, horizontal, vertical });

/** Fourccs are four characters: spaces fill them, and may be left out. */
const padded = (fourcc: string): string => fourcc.padEnd(4);

const PACKED: Readonly<Record<number, readonly string[]>> = {
  8: ['R8', 'GREY', 'C8', 'RGB8', 'BA81', 'GBRG', 'GRBG', 'RGGB', 'RGB1'],
  // 4 pixels in 5 bytes.
  10: ['pBAA', 'pGAA', 'pgAA', 'pRAA', 'Y10P', 'Y10B'],
  // 2 pixels in 3 bytes.
  12: ['pBCC', 'pGCC', 'pgCC', 'pRCC', 'Y12P'],
  14: ['pBEE', 'pGEE', 'pgEE', 'pREE', 'Y14P'],
  16: [
    ...['RG16', 'BG16', 'RGBP', 'RGBR', 'XR15', 'AR15', 'XB15', 'AB15', 'RX15', 'RA15', 'BX15', 'BA15'],
    ...['XR12', 'AR12', 'XB12', 'AB12', 'RX12', 'RA12', 'BX12', 'BA12', 'R16', 'GR88', 'RG88'],
    ...['YUYV', 'YVYU', 'UYVY', 'VYUY', 'YUV4', 'YUVO', 'YUVP', 'Y10', 'Y12', 'Y14', 'Y16', 'Z16'],
    ...['BG10', 'GB10', 'BA10', 'RG10', 'BG12', 'GB12', 'RG12', 'BG14', 'GB14', 'GR14', 'RG14'],
    ...['BYR2', 'GB16', 'GR16'],
  ],
  24: ['RG24', 'BG24', 'RGB3', 'BGR3', 'YUV3', 'VU24', 'V308'],
  32: [
    ...[
      'XR24',
      'AR24',
      'XB24',
      'AB24',
      'RX24',
      'RA24',
      'BX24',
      'BA24',
      'RGB4',
      'BGR4',
      'AYUV',
      'XYUV',
      'VUYA',
      'VUYX',
    ],
    ...[
      'XR30',
      'AR30',
      'XB30',
      'AB30',
      'RX30',
      'RA30',
      'BX30',
      'BA30',
      'Y210',
      'Y212',
      'Y216',
      'Y410',
      'GR32',
      'RG32',
    ],
  ],
  64: ['XR48', 'AR48', 'XB48', 'AB48', 'XR4H', 'AR4H', 'XB4H', 'AB4H', 'Y412', 'Y416'],
};

/** Y, then Cb and Cr together. `h` and `v` are how many pixels share a pair. */
const semiPlanar = (bits: number, h: number, v: number): readonly FormatPlane[] => [
  plane(bits),
  plane(2 * bits, h, v),
];
/** Y, then Cb, then Cr. */
const planar = (bits: number, h: number, v: number): readonly FormatPlane[] => [
  plane(bits),
  plane(bits, h, v),
  plane(bits, h, v),
];

const PLANAR: Readonly<Record<string, readonly FormatPlane[]>> = {
  NV12: semiPlanar(8, 2, 2),
  NV21: semiPlanar(8, 2, 2),
  NV16: semiPlanar(8, 2, 1),
  NV61: semiPlanar(8, 2, 1),
  NV24: semiPlanar(8, 1, 1),
  NV42: semiPlanar(8, 1, 1),
  NV15: semiPlanar(10, 2, 2),
  NV20: semiPlanar(10, 2, 1),
  NV30: semiPlanar(10, 1, 1),
  P010: semiPlanar(16, 2, 2),
  P012: semiPlanar(16, 2, 2),
  P016: semiPlanar(16, 2, 2),
  P210: semiPlanar(16, 2, 1),
  YU12: planar(8, 2, 2),
  YV12: planar(8, 2, 2),
  YU16: planar(8, 2, 1),
  YV16: planar(8, 2, 1),
  '422P': planar(8, 2, 1),
  YU24: planar(8, 1, 1),
  YV24: planar(8, 1, 1),
  YU11: planar(8, 4, 1),
  YV11: planar(8, 4, 1),
  '411P': planar(8, 4, 1),
  YUV9: planar(8, 4, 4),
  YVU9: planar(8, 4, 4),
};

/** Those whose planes are buffers of their own. */
const SEPARATE: Readonly<Record<string, readonly FormatPlane[]>> = {
  NM12: semiPlanar(8, 2, 2),
  NM21: semiPlanar(8, 2, 2),
  NM16: semiPlanar(8, 2, 1),
  NM61: semiPlanar(8, 2, 1),
  YM12: planar(8, 2, 2),
  YM21: planar(8, 2, 2),
  YM16: planar(8, 2, 1),
  YM61: planar(8, 2, 1),
  YM24: planar(8, 1, 1),
  YM42: planar(8, 1, 1),
  PM10: semiPlanar(16, 2, 2),
  PM12: semiPlanar(16, 2, 2),
};

export const PIXEL_FORMATS: ReadonlyMap<string, PixelFormat> = new Map(
  [
    ...Object.entries(PACKED).flatMap(([bits, names]) =>
      names.map((name): PixelFormat => ({ fourcc: padded(name), planes: [plane(Number(bits))] })),
    ),
    ...Object.entries(PLANAR).map(([name, planes]): PixelFormat => ({ fourcc: padded(name), planes })),
    ...Object.entries(SEPARATE).map(
      ([name, planes]): PixelFormat => ({ fourcc: padded(name), planes, separate: true }),
    ),
  ].map((format) => [format.fourcc, format]),
);

/** Formats of which a frame has no size: what a codec writes. */
const COMPRESSED: ReadonlySet<string> = new Set([
  ...[
    'MJPG',
    'JPEG',
    'H264',
    'AVC1',
    'S264',
    'M264',
    'HEVC',
    'S265',
    'VP80',
    'VP8F',
    'VP90',
    'VP9F',
    'AV01',
    'AV1F',
  ],
  ...['MPG1', 'MPG2', 'MPG4', 'MG2S', 'XVID', 'FWHT', 'H263'],
]);

export const isCompressed = (fourcc: string): boolean => COMPRESSED.has(padded(fourcc));

export const pixelFormat = (fourcc: string): PixelFormat | undefined => PIXEL_FORMATS.get(padded(fourcc));

/** How a frame is laid out beyond its format. */
export interface FrameLayout {
  readonly width: number;
  readonly height: number;
  /** Bytes of a line of the first plane; those of the others follow. */
  readonly stride?: number;
  /** Bytes to a multiple of which a line is rounded up, and lines likewise. */
  readonly alignStride?: number;
  readonly alignHeight?: number;
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

export interface PlaneSize {
  /** Bytes of a line. */
  readonly stride: number;
  readonly lines: number;
}

/** The planes of a frame: whole samples, whole bytes, and what alignment adds. */
export function planeSizes(format: PixelFormat, layout: FrameLayout): readonly PlaneSize[] {
  const { width, height, stride, alignStride = 1, alignHeight = 1 } = layout;
  const lines = roundUp(height, alignHeight);
  const [first] = format.planes;
  const full = stride ?? roundUp(Math.ceil((width * (first?.bits ?? 8)) / 8), alignStride);
  return format.planes.map((of, i) => {
    if (i === 0) return { stride: full, lines };
    // A chroma line is the luma line's share: with a stride that was rounded up, of the rounded one.
    const share = Math.ceil((full * of.bits) / ((first?.bits ?? 8) * of.horizontal));
    const own = Math.ceil((Math.ceil(width / of.horizontal) * of.bits) / 8);
    const line = stride === undefined && alignStride === 1 ? own : Math.max(share, own);
    return { stride: line, lines: Math.ceil(lines / of.vertical) };
  });
}
