/** What differs between the kernels in what drivers allocate for their devices: `DmaRules`, as rows. */
import { change, type KernelDifference, seen } from './kernel-change.ts';

export const DMA_DIFFERENCES: readonly KernelDifference[] = [
  {
    about: "a device's second pool",
    where: 'rmem_dma_device_init()',
    changes: [
      change('5.10', 'ignored, and called assigned', 'source'),
      change('6.1', 'EBUSY', 'source'),
      change('6.6', 'ignored, and called assigned', 'source'),
      change('6.12', 'EBUSY', 'source'),
      change('6.18', 'ignored, and called assigned', 'source'),
      change('7.2', 'EBUSY', 'source'),
    ],
  },
  {
    about: "a pool beyond a device's reach",
    where: 'rmem_dma_device_init()',
    changes: [
      change(
        '5.10',
        'bound, not told',
        seen(
          'cases-5.10-devices/dev-smallmask',
          '"log": ["<6>lab-dma-dev vpu: assigned reserved memory node pool@50000000"]',
        ),
      ),
      change('6.1', 'bound, and told', seen('cases-6.1-devices/dev-smallmask', 'reserved memory is beyond')),
      change(
        '6.6',
        'bound, not told',
        seen(
          'cases-6.6-devices/dev-smallmask',
          '"log": ["<6>lab-dma-dev vpu: assigned reserved memory node pool@50000000"]',
        ),
      ),
      change(
        '6.12',
        'bound, and told',
        seen('cases-6.12-devices/dev-smallmask', 'reserved memory is beyond'),
      ),
    ],
  },
  {
    about: 'a pool that cannot be mapped',
    where: 'dma_init_coherent_memory()',
    changes: [
      change(
        '5.10',
        'told each time: failed to init',
        seen('cases-5.10-devices/dev-pool-mapped', 'failed to init DMA memory pool'),
      ),
      change(
        '6.1',
        'told once, by memremap()',
        seen('cases-6.1-devices/dev-pool-mapped', 'memremap attempted on ram'),
      ),
    ],
  },
  {
    about: 'no bytes of a pool',
    where: 'dma_alloc_from_dev_coherent()',
    changes: [change('5.10', 'ENOMEM', 'source'), change('6.12', 'an address, and no page', 'source')],
  },
  {
    about: 'dma-noncoherent',
    where: 'of_dma_is_coherent()',
    changes: [
      change(
        '5.10',
        'not read',
        seen('cases-5.10-devices/dev-coherency', '"dev": "inc", "ret": 0, "coherent": true'),
      ),
      change('6.1', 'read', 'source'),
      change(
        '7.3',
        'read',
        seen('cases-7.3-devices/dev-coherency', '"dev": "inc", "ret": 0, "coherent": false'),
      ),
    ],
  },
  {
    about: '__GFP_COMP of a driver',
    where: 'dma_alloc_attrs()',
    changes: [
      change('5.10', 'taken', seen('cases-5.10-devices/dev-attrs', '"id": "a10", "ret": 0')),
      change('6.6', 'ENOMEM, and a WARNING', seen('cases-6.6-devices/dev-attrs', '"id": "a10", "ret": -12')),
    ],
  },
  {
    about: 'software IO TLB that arm64 does not need',
    where: 'mem_init(), arch_mm_preinit()',
    changes: [
      change('5.10', 'none', seen('cases-5.10-devices/dev-restricted', '"MemTotal": 1024032')),
      change('6.6', 'as large as ever', seen('cases-6.6-devices/dev-restricted', '"MemTotal": 956304')),
      change('6.12', '1/1024 of RAM', seen('cases-6.12-devices/dev-restricted', '"MemTotal": 1021136')),
    ],
  },
  {
    about: 'restricted pools',
    where: 'rmem_swiotlb_setup(), swiotlb_find_slots()',
    changes: [
      change('5.10', 'none', seen('cases-5.10-devices/dev-restricted', '"dma": "0x7ec64000"')),
      change('5.15', 'buffers at pages', 'source'),
      change('6.1', 'buffers at pages', seen('cases-6.1-devices/dev-restricted', '"dma": "0x50003000"')),
      change(
        '6.6',
        'buffers at their power of two',
        seen('cases-6.6-devices/dev-restricted', '"dma": "0x50004000"'),
      ),
    ],
  },
  {
    about: 'atomic pools without room',
    where: 'dma_alloc_from_pool()',
    changes: [
      change('5.10', 'DMA pool exhausted', seen('cases-5.10-devices/dev-atomic', 'DMA pool exhausted for')),
      change(
        '6.6',
        'Failed to get suitable pool, always',
        seen(
          'cases-6.6-devices/dev-atomic',
          '"attrs": 256, "id": "c7", "ret": -12, "log": ["<4>Failed to get suitable pool for',
        ),
      ),
      change('6.12', 'DMA pool exhausted', seen('cases-6.12-devices/dev-atomic', 'DMA pool exhausted for')),
    ],
  },
  {
    about: 'GFP_NOWAIT that fails',
    where: 'GFP_NOWAIT',
    changes: [
      change(
        '5.10',
        'told',
        seen('cases-5.10-devices/dev-atomic', '"gfp": "nowait", "attrs": 0, "id": "c9", "ret": -12, "log"'),
      ),
      change(
        '6.12',
        'silent',
        seen('cases-6.12-devices/dev-atomic', '"gfp": "nowait", "attrs": 0, "id": "c9", "ret": -12}'),
      ),
    ],
  },
  {
    about: 'GFP_ATOMIC',
    where: 'include/linux/gfp_types.h',
    changes: [change('5.10', '0xa20', 'source'), change('6.6', '0x820', 'source')],
  },
  {
    about: "pages of an area that is not the device's any more, freed",
    where: '__dma_direct_free_pages()',
    changes: [
      change(
        '5.10',
        'BUG: Bad page state, each but the first',
        seen('cases-5.10-devices/dev-rebind', 'BUG: Bad page state'),
      ),
      change('6.6', 'silent', seen('cases-6.6-devices/dev-rebind', '"op": "dev_free"')),
    ],
  },
  {
    about: 'a V4L2 buffer that fails',
    where: 'vb2_dc_alloc()',
    changes: [
      change(
        '5.10',
        'dma_alloc_coherent of size N failed',
        seen('cases-5.10-devices/media-vb2-min', 'dma_alloc_coherent of size'),
      ),
      change(
        '6.1',
        'dma alloc of size N failed',
        seen('cases-6.1-devices/media-vb2-min', 'dma alloc of size'),
      ),
    ],
  },
  {
    about: 'V4L2 queues of non-coherent memory',
    where: 'vb2_dc_alloc()',
    changes: [
      change(
        '5.10',
        'none: the flag does nothing',
        seen('cases-5.10-devices/media-vb2', '"attrs": 16, "flags": 1, "min": 0, "ret": 0'),
      ),
      change('6.1', 'there', 'source'),
      change('7.3', 'there', seen('cases-7.3-devices/media-vb2', 'dma_alloc_noncontiguous')),
    ],
  },
  {
    about: 'the least buffers of a V4L2 queue',
    where: 'vb2_core_reqbufs()',
    changes: [
      change('5.10', "its driver's minimum", seen('cases-5.10-devices/media-vb2-min', '"granted": 4')),
      change('6.12', 'and one more', seen('cases-6.12-devices/media-vb2-min', '"granted": 5')),
    ],
  },
  {
    about: "a dumb buffer's pitch",
    where: 'drm_gem_dma_dumb_create()',
    changes: [
      change('5.10', 'width × bpp, in bytes', seen('cases-5.10-devices/media-drm', '"pitch": 1202')),
      change('6.18', "the format's, to 8 bytes", seen('cases-6.18-devices/media-drm', '"pitch": 1288')),
      change('7.2', "the format's", 'source'),
      change('7.3', "the format's", seen('cases-7.3-devices/media-drm', '"pitch": 1282')),
    ],
  },
  {
    about: "a dumb buffer's size as told",
    where: 'drm_gem_dma_dumb_create()',
    changes: [
      change('5.10', 'pitch × height', seen('cases-5.10-devices/media-drm', '"told": 4196352')),
      change('6.18', 'whole pages', seen('cases-6.18-devices/media-drm', '"told": 4198400')),
    ],
  },
  {
    about: "DRM's line of a new device",
    where: 'drm_dev_register()',
    changes: [
      change(
        '5.10',
        "with its driver's date",
        seen('cases-5.10-devices/media-drm', 'Initialized lab 1.0.0 20200101'),
      ),
      change('6.12', 'without', seen('cases-6.12-devices/media-drm', 'Initialized lab 1.0.0 for')),
    ],
  },
  {
    about: 'the line of a WARN',
    where: '__warn()',
    changes: [
      change('5.10', 'WARNING: CPU: N PID: N at', seen('cases-5.10-devices/dev-atomic', 'WARNING: CPU: 0')),
      change('7.2', 'WARNING: FILE:LINE at FUNCTION', 'source'),
      change(
        '7.3',
        'WARNING: FILE:LINE at FUNCTION',
        seen('cases-7.3-devices/dev-atomic', 'WARNING: kernel/dma/pool.c:343 at dma_alloc_from_pool'),
      ),
    ],
  },
];
