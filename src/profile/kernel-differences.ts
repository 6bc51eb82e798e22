/**
 * What differs between the kernels, and what stands behind each difference: the rows of `dmaheap kernels`. The rules
 * themselves are `LinuxVersion`'s; this tells people where they come from.
 */
import { DMA_DIFFERENCES } from './dma-differences.ts';
import { change, type KernelDifference, seen } from './kernel-change.ts';

export const KERNEL_DIFFERENCES: readonly KernelDifference[] = [
  {
    about: 'CMA heaps',
    where: 'add_default_cma_heap(), add_cma_heaps()',
    changes: [
      change(
        '5.10',
        'the default area alone, by its own name',
        seen('cases-5.10/mixed', '"name": "linux,cma"'),
      ),
      change('6.18', 'also as default_cma_region', seen('cases-6.18/mixed', 'default_cma_region')),
      change('7.2', 'every area', 'source'),
      change('7.3', 'every area', seen('cases/mixed', '"video-cma@60000000"')),
    ],
  },
  {
    about: 'heaps of a TEE',
    where: 'tee_device_register_dma_heap()',
    changes: [
      change('5.10', 'none', 'source'),
      change('6.18', 'protected,secure-video and others, where a driver registers a pool', 'source'),
    ],
  },
  {
    about: "a buffer's exporter",
    where: 'dma_buf_export()',
    changes: [
      change('5.10', 'heap_helpers for every heap', seen('cases-5.10/views', 'heap_helpers')),
      change('5.15', "its heap's name", 'source'),
      change('6.1', "its heap's name", seen('cases-6.1-pages/abi-cma', '\\texp_name\\tino     \\tname')),
    ],
  },
  {
    about: "the system heap's pieces",
    where: 'system_heap_allocate()',
    changes: [
      change('5.10', 'single pages', seen('cases-5.10/abi-system', 'heap_helpers')),
      change('5.15', 'orders 8, 4, 0', 'source'),
      change('6.1', 'orders 8, 4, 0', seen('cases-6.1-pages/abi-system', '"phys"')),
    ],
  },
  {
    about: 'a copy-out that fails',
    where: 'dma_heap_ioctl()',
    changes: [
      change('5.10', 'the descriptor stays open', 'source'),
      change('6.1.192', 'nothing is left', seen('cases-6.1-pages/copyout-fails', '"ret": -14')),
      change('6.6', 'the descriptor stays open', 'source'),
      change('6.12.113', 'nothing is left', { changelog: "don't publish fd before copy_to_user() succeeds" }),
      change('6.18', 'the descriptor stays open', 'source'),
      change('7.2', 'nothing is left', 'source'),
    ],
  },
  {
    about: 'columns of bufinfo',
    where: 'dma_buf_debug_show()',
    changes: [
      change('5.10', 'up to ino', seen('cases-5.10/views', '\\texp_name\\tino     \\n')),
      change(
        '6.1',
        'name, <none> without one',
        seen('cases-6.1-pages/views', '\\texp_name\\tino     \\tname'),
      ),
    ],
  },
  {
    about: 'mode in bufinfo',
    where: 'dma_buf_getfile()',
    changes: [
      change('5.10', '00080007', seen('cases-5.10/views', '00080007')),
      change('6.18', '02080007', seen('cases-6.18/views', '02080007')),
    ],
  },
  {
    about: 'fdinfo',
    where: 'seq_show() of fs/proc/fd.c',
    changes: [
      change('5.10', 'without ino', seen('cases-5.10/views', 'exp_name:\\theap_helpers')),
      change('5.15', 'with ino', 'source'),
      change('6.1', 'with ino', seen('cases-6.1-pages/views', 'ino:\\t')),
    ],
  },
  {
    about: 'a failed CMA request in the log',
    where: 'cma_alloc()',
    changes: [
      change(
        '5.10',
        'without the area, never limited',
        seen('cases-5.10/trace-cma-1', 'cma_alloc: alloc failed'),
      ),
      change('5.15', 'with the area, 10 in 5 s', 'source'),
      change('6.1', 'with the area, 10 in 5 s', seen('cases-6.1-pages/trace-cma-1', 'cma: cma_alloc: ')),
      change('6.12', 'from __cma_alloc', seen('cases-6.12-pages/trace-cma-1', '__cma_alloc: ')),
      change('6.18', 'ret: -16', seen('cases-6.18/trace-cma-1', 'ret: -16')),
      change('7.2', 'from __cma_alloc_frozen', 'source'),
      change('7.3', 'from __cma_alloc_frozen', seen('cases/abi-cma', '__cma_alloc_frozen')),
    ],
  },
  {
    about: 'what is free then',
    where: 'cma_debug_show_areas()',
    changes: [
      change('5.10', 'told with CONFIG_CMA_DEBUG', 'source'),
      change('6.12', 'always told', seen('cases-6.12-pages/trace-cma-1', 'free of')),
      change('6.18', 'told per range', seen('cases-6.18/abi-cma', 'range 0')),
    ],
  },
  {
    about: 'cma: Reserved in the log',
    where: 'cma_declare_contiguous_nid()',
    changes: [
      change('5.10', 'the size as rounded', seen('cases-5.10/none', 'cma: Reserved')),
      change('6.6', 'on node -1', seen('cases-6.6/none-cma64', 'on node -1')),
      change('6.18', 'the size as asked, no node', seen('cases-6.18/none-cma-odd', 'cma: Reserved')),
    ],
  },
  {
    about: "an area's folder in debugfs",
    where: 'cma_debugfs_add_one()',
    changes: [
      change('5.10', 'cma-NAME, 15 characters', seen('cases-5.10/views', 'cma-')),
      change('6.1', 'NAME', seen('cases-6.1-pages/views', '/sys/kernel/debug/cma')),
      change('6.18', 'NAME with ranges/', seen('cases-6.18/views', 'ranges')),
    ],
  },
  {
    about: '/sys/kernel/mm/cma',
    where: 'cma_sysfs_init()',
    changes: [
      change('5.10', 'none', 'source'),
      change('5.15', 'alloc_pages_success, alloc_pages_fail', 'source'),
      change(
        '6.1',
        'alloc_pages_success, alloc_pages_fail',
        seen('cases-6.1-pages/views', 'alloc_pages_success'),
      ),
      change('6.12', '+ release_pages_success', seen('cases-6.12-pages/views', 'release_pages_success')),
      change('6.18', '+ total_pages, available_pages', seen('cases-6.18/views', 'available_pages')),
    ],
  },
  {
    about: 'most regions',
    where: 'fdt_init_reserved_mem()',
    changes: [
      change(
        '5.10',
        '64 in all',
        seen('cases-5.10/many-regions', 'not enough space for all defined regions'),
      ),
      change('6.12', '64 dynamic', seen('cases-6.12-pages/many-regions', 'cannot resize')),
    ],
  },
  {
    about: 'order of the regions',
    where: '__rmem_cmp(), fdt_scan_reserved_mem()',
    changes: [
      change(
        '5.10',
        'sorted, ties unstable',
        seen('cases-5.10/dynamic-adjacent', 'initialized node chain-3'),
      ),
      change(
        '6.6',
        'sorted, ties in tree order',
        seen('cases-6.6/dynamic-adjacent', 'initialized node chain-1'),
      ),
      change(
        '6.12',
        'dynamic ones first, in tree order',
        seen('cases-6.12-pages/dynamic-adjacent', '0x0000000073f00000'),
      ),
    ],
  },
  {
    about: 'direction in alloc-ranges',
    where: 'early_init_dt_alloc_reserved_memory_arch()',
    changes: [
      change('5.10', 'always from the top', seen('cases-5.10/dynamic-adjacent', 'next-up')),
      change('6.6', 'upwards from any region', seen('cases-6.6/dynamic-adjacent', '0x0000000050100000')),
      change(
        '6.12',
        'upwards from a dynamic one',
        seen('cases-6.12-pages/dynamic-adjacent', '0x0000000058000000'),
      ),
    ],
  },
  {
    about: 'several pairs in reg',
    where: '__reserved_mem_reserve_reg()',
    changes: [
      change('5.10', 'all reserved', seen('cases-5.10/errors', 'initialized node')),
      change('6.12', 'all reserved, and told', seen('cases-6.12-pages/errors', 'ignores')),
      change('6.18', 'all reserved, and no region', seen('cases-6.18/errors', 'OF: reserved mem')),
      change('7.2', 'the first alone', 'source'),
      change('7.3', 'the first alone', seen('cases/errors', 'only the first is used')),
    ],
  },
  {
    about: 'the line with a range',
    where: 'fdt_init_reserved_mem_node()',
    changes: [
      change('5.10', 'none', seen('cases-5.10/mixed', 'initialized node linux,cma')),
      change('6.6', 'there', seen('cases-6.6/mixed', 'map reusable linux,cma')),
    ],
  },
  {
    about: 'linux,cma-default with cma=',
    where: 'rmem_cma_setup()',
    changes: [
      change('5.10', 'reserved, then given back', seen('cases-5.10/mixed-cma64', 'bypass')),
      change('6.18', 'skipped, told once', seen('cases-6.18/mixed-cma64', 'Skipping dt linux,cma-default')),
      change('7.2', 'skipped, told in each pass', 'source'),
      change('7.3', 'skipped, told in each pass', seen('cases/mixed-cma64', 'in favor for')),
    ],
  },
  {
    about: 'a dynamic no-map region',
    where: 'early_init_dt_alloc_reserved_memory_arch()',
    changes: [
      change('5.10', 'is no RAM any more', seen('cases-5.10/dynamic-adjacent', 'System RAM')),
      change('5.15', 'is marked', 'source'),
      change('6.1', 'is marked', seen('cases-6.1-pages/dynamic-adjacent', 'System RAM')),
    ],
  },
  {
    about: "a pool's size in the log",
    where: 'rmem_dma_setup()',
    changes: [
      change('5.10', 'MiB', seen('cases-5.10/mixed', 'size 1 MiB')),
      change('7.2', 'MiB', 'source'),
      change('7.3', 'KiB', seen('cases/mixed', 'size 1536 KiB')),
    ],
  },
  {
    about: "the default area's time",
    where: 'bootmem_init()',
    changes: [
      change('5.10', 'after the zones and the memory map', seen('cases-5.10/none', 'Zone ranges')),
      change('7.2', 'before both', 'source'),
      change('7.3', 'before both', seen('cases/none', 'Zone ranges')),
    ],
  },
  {
    about: 'the alignment of areas, 4 KiB pages',
    where: 'CMA_MIN_ALIGNMENT_BYTES',
    changes: [
      change('5.10', '4 MiB', seen('cases-5.10/none', 'cma: Reserved')),
      change('5.15', '4 MiB', 'source'),
      change('6.1', '2 MiB with hugetlbfs', seen('cases-6.1-pages/none', 'cma: Reserved')),
      change('6.12', '2 MiB with huge pages', seen('cases-6.12-pages/none', 'cma: Reserved')),
    ],
  },
  {
    about: 'most CMA areas',
    where: 'MAX_CMA_AREAS',
    changes: [
      change('5.10', 'CONFIG_CMA_AREAS + 1', seen('cases-5.10/cma-many-areas', 'cma: Reserved 16 MiB')),
      change('6.12', 'CONFIG_CMA_AREAS', seen('cases-6.12-pages/cma-many-areas', 'Not enough slots')),
    ],
  },
  {
    about: 'DMA atomic pools',
    where: 'dma_atomic_pool_init()',
    changes: [
      change('5.10', 'GFP_KERNEL always', seen('cases-5.10/none', 'GFP_KERNEL pool')),
      change('7.2', "each with its zone's pages", 'source'),
      change('7.3', "each with its zone's pages", seen('cases/none', 'GFP_KERNEL|GFP_DMA pool')),
    ],
  },
  {
    about: 'the array of regions',
    where: 'alloc_reserved_mem_array()',
    changes: [
      change('5.10', 'static', 'source'),
      change('6.12.105', 'made to size', { changelog: 'dynamically allocate reserved_mem array' }),
    ],
  },
  {
    about: 'a buffer mapped as frames, which mremap does not make longer',
    where: 'system_heap_mmap(), cma_heap_mmap()',
    changes: [
      change(
        '5.10',
        'no heap',
        seen('programs/mremap-size.5.10.system', 'grow 4 to 8 beside free room: ok, same place'),
      ),
      change('5.15', 'the system heap', 'source'),
      change(
        '6.1',
        'the system heap',
        seen('programs/mremap-size.6.1.system', 'grow 4 to 8 beside free room: EFAULT'),
      ),
      change('6.12', 'CMA heaps too', seen('programs/mmap-args.6.12.cma', 'ms pf io de')),
    ],
  },
  {
    about: 'executable mappings of a buffer',
    where: 'path_noexec()',
    changes: [
      change('5.10', 'allowed', seen('programs/mprotect.5.10.system', 'exec alone: call: returned 42')),
      change('7.2', 'EPERM; mprotect EACCES', 'source'),
      change('7.3', 'EPERM; mprotect EACCES', seen('programs/mmap-args.7.3.system', 'prot exec: EPERM')),
    ],
  },
  {
    about: 'MREMAP_DONTUNMAP of a buffer',
    where: 'vma_to_resize()',
    changes: [change('5.10', 'EINVAL', 'source'), change('5.15', 'where it maps no frames', 'source')],
  },
  {
    about: 'mremap with MREMAP_FIXED',
    where: 'mremap_to(), remap_move()',
    changes: [
      change('5.10', 'one area; clears its target first', 'source'),
      change('6.18', 'several areas; looks before it clears', 'source'),
    ],
  },
  ...DMA_DIFFERENCES,
];
