/**
 * By which rule of Linux a call fails, and where in its sources that stands: for each failure that the model knows. The
 * names are those of Linux 7.3, whichever version is asked.
 */
import { NO_ROOM_RULES } from '../dma-buf/backends.ts';
import type { Failure } from '../dma-buf/failure.ts';
import type { FailureRule } from '../dma-buf/failure-rule.ts';
import type { WhyNoHeap } from '../kernel/views/views.ts';

/** The version in which functions are called so. */
export const RULES_OF = 'Linux 7.3';

const HEAP_IOCTL = 'drivers/dma-buf/dma-heap.c: dma_heap_ioctl_allocate()';
const ours = (rule: string, change: string): FailureRule => ({ rule, change });

export const FAILURE_RULES: Readonly<Record<Failure['kind'], FailureRule>> = {
  ...NO_ROOM_RULES,
  'no-such-heap': {
    where: 'fs/namei.c: do_filp_open()',
    rule: 'a heap is a node of /dev/dma_heap, by its name',
    change: 'use a name that list shows, or make the region a heap: dmaheap why NODE',
  },
  'bad-argument': {
    where: HEAP_IOCTL,
    rule: 'a value that the call does not allow is refused before anything is done',
    change: 'give a value that is allowed',
  },
  'bad-pointer': {
    where: 'include/linux/uaccess.h: copy_from_user()',
    rule: 'all bytes that the request copies must be memory of the caller',
    change: 'pass a pointer to as many bytes as the request has',
  },
  injected: ours('a fault rule said that this call fails', 'remove the rule: dmaheap fault rm'),
  'no-such-fault': ours(
    'a fault rule is removed by its number',
    'use a number that dmaheap fault list shows',
  ),
  'not-in-cma': ours(
    'only pages of a CMA area can be pinned so that they do not move',
    'name a range inside an area',
  ),
  'no-such-area': ours('memory that others have lies in a CMA area or a coherent pool', 'name one of them'),
  'not-free-runs': ours(
    'free runs are whole pages of one area, in order',
    'give runs that list shows of the area',
  ),
  'buffer-there': ours('memory of a live buffer is not free', 'free the buffer first'),
  overlay: {
    where: 'drivers/of/overlay.c: of_overlay_fdt_apply()',
    rule: 'an overlay changes nodes that the live tree has, by paths or by its __symbols__',
    change: 'compile the board with dtc -@, or correct the overlay',
  },
  'not-pinned': ours('a pin is taken away as it was made', 'name the range that dmaheap pin lists'),
  'no-such-module': {
    where: 'kernel/module/main.c: load_module()',
    rule: 'a module is loaded by its name',
    change: 'use one of the names',
  },
  'module-has-no-exit': {
    where: 'kernel/module/main.c: delete_module()',
    rule: 'a module without module_exit() cannot be removed',
    change: 'nothing does: reboot without it',
  },
  'task-name': ours('a task has a name of letters, digits and _ . -', 'give another name'),
  'bad-descriptor': {
    where: 'fs/file.c: fdget()',
    rule: 'a descriptor is an entry of the table of the task that calls',
    change: 'use one that the task has open, or send it to the task: dmaheap task send',
  },
  'descriptor-limit': {
    where: 'fs/file.c: alloc_fd()',
    rule: 'a new descriptor is below RLIMIT_NOFILE of the task',
    change: 'close descriptors, or raise the limit (setrlimit, boot --nofile)',
  },
  'access-mode': {
    where: 'mm/mmap.c: do_mmap()',
    rule: 'what a descriptor allows its mappings may do, and no more',
    change: 'open or allocate it with O_RDWR',
  },
  path: {
    where: 'fs/namei.c: path_openat()',
    rule: 'each part of a path must be there, and the task must be allowed to go there',
    change: 'correct the path, or what its user, groups and mode allow (boot --mode, --group)',
  },
  'no-such-task': ours('a call is made by a task that there is', 'add it: dmaheap task add'),
  'task-exists': ours('a task has a name of its own', 'give another name'),
  'no-such-device': ours(
    'a device is one of the board, or was added',
    'use a name that dmaheap devices shows',
  ),
  'device-exists': ours('a device has a name of its own', 'give another name'),
  'attachment-held': ours(
    'only who has the file of the device acts on what was attached through it',
    'act as that task',
  ),
  'no-such-attachment': ours(
    'an attachment is named by its number',
    'use a number that dmaheap devices shows',
  ),
  'attachment-of-other': ours('an attachment belongs to one device', 'name its own device'),
  'attachment-mapped': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_map_attachment()',
    rule: 'an attachment is mapped once at a time here',
    change: 'unmap it first',
  },
  'attachment-not-mapped': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_map_attachment()',
    rule: 'a device has addresses of a buffer while an attachment is mapped',
    change: 'map it: dmaheap device map',
  },
  'no-dma': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_map_attachment()',
    rule: 'a device has addresses of a buffer while an attachment is mapped',
    change: 'attach and map it',
  },
  'dma-past-end': ours('an access of a device begins inside its buffer', 'give a smaller offset'),
  'device-in-use': ours(
    'what a device reaches does not change while buffers are mapped for it',
    'detach first',
  ),
  'empty-mapping': {
    where: 'mm/mmap.c: do_mmap()',
    rule: 'a mapping has a length',
    change: 'map at least one byte',
  },
  'misaligned-offset': {
    where: 'mm/mmap.c: ksys_mmap_pgoff()',
    rule: 'a mapping begins at a page',
    change: 'give an offset that is a multiple of a page',
  },
  'past-end': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_mmap_internal()',
    rule: 'an access lies inside what it is made to',
    change: 'ask for less, or from further ahead',
  },
  'no-cpu-access': {
    where: 'drivers/dma-buf/heaps/coherent_heap.c: coherent_heap_mmap()',
    rule: 'the series wip refuses CPU access to buffers of no-map pools',
    change: 'leave no-map out, or let devices alone use the buffer',
  },
  'no-mmap': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_mmap_internal()',
    rule: 'the CPUs of Linux have no access to memory that a TEE protects',
    change: 'nothing does: devices alone use the buffer',
  },
  'no-private-mapping': {
    where: 'drivers/dma-buf/heaps/cma_heap.c: cma_heap_mmap()',
    rule: 'a CMA heap maps shared only',
    change: 'map with MAP_SHARED',
  },
  'no-exec': {
    where: 'mm/mmap.c: do_mmap()',
    rule: 'dma-bufs lie on a file system whose files are never executed (SB_I_NOEXEC)',
    change: 'map without PROT_EXEC, and copy code to anonymous memory',
  },
  'not-mapped': {
    where: 'mm/mprotect.c: do_mprotect_pkey()',
    rule: 'all of the range is mapped',
    change: 'name only what is mapped, or map it first',
  },
  'frame-mapping': {
    where: 'mm/mremap.c: check_prep_vma()',
    rule: 'a mapping of frames (VM_PFNMAP, VM_DONTEXPAND) never becomes longer, and none of its pages stay where it was',
    change: 'unmap it and map the descriptor again, or move it with one length and MREMAP_FIXED alone',
  },
  'no-room-beside': {
    where: 'mm/mremap.c: vma_expandable()',
    rule: 'what grows in its place finds the addresses behind it free',
    change: 'let it move (MREMAP_MAYMOVE)',
  },
  'not-a-dma-buf': {
    where: 'drivers/dma-buf/dma-buf.c: dma_buf_get()',
    rule: 'the call is for the file of a dma-buf',
    change: 'name the descriptor of a buffer',
  },
  'not-a-drm-file': {
    where: 'drivers/gpu/drm/drm_ioctl.c: drm_ioctl()',
    rule: 'the call is for an open node of /dev/dri',
    change: 'open one first',
  },
  'not-contiguous': {
    where: 'drivers/gpu/drm/drm_gem_dma_helper.c: drm_gem_dma_prime_import_sg_table()',
    rule: 'an importer without an IOMMU of its own needs one run of addresses',
    change: 'allocate from a CMA heap or a pool, or give the device an IOMMU',
  },
  'dma-no-room': {
    where: 'kernel/dma/mapping.c: dma_alloc_attrs()',
    rule: 'a device with a pool takes from that alone; else from its CMA area or the default one, and then from the page allocator, below its mask',
    change: 'free what lies in the way, ask for less, make the area larger, or give the device a larger mask',
  },
  'mask-too-small': {
    where: 'kernel/dma/mapping.c: dma_set_mask()',
    rule: 'a mask that reaches no memory of the machine is refused',
    change: 'give more bits, or leave the driver its own mask',
  },
  'region-refused': {
    where: 'drivers/of/of_reserved_mem.c: of_reserved_mem_device_init_by_idx()',
    rule: 'a driver binds a region of its memory-region that was set up at boot and has a handler',
    change: 'correct memory-region, or make the region one that boots: dmaheap why NODE',
  },
  'device-bound': ours(
    'a driver is bound to a device once, and gives its memory back before it leaves',
    'release the device first: dmaheap device release',
  ),
  'buffer-of-queue': ours(
    'a queue gives its buffers back as a whole',
    'give the queue none: device vb2 NAME 0',
  ),
  'dumb-size': {
    where: 'drivers/gpu/drm/drm_dumb_buffers.c: drm_mode_create_dumb()',
    rule: 'width, height and bits of a pixel are not 0, and their product is a number of 32 bits',
    change: 'give other dimensions',
  },
  'dma-unreachable': {
    where: 'kernel/dma/direct.h: dma_direct_map_phys()',
    rule: 'without an IOMMU a device gets addresses below its mask and the limit of its bus, or bounce buffers there',
    change: 'allocate where the device reaches (a region with alloc-ranges), or give it an IOMMU',
  },
  'iova-full': {
    where: 'drivers/iommu/iova.c: alloc_iova_fast()',
    rule: 'an IOMMU needs a free run of I/O addresses below the mask of the device',
    change: 'unmap what the device does not need',
  },
  'swiotlb-full': {
    where: 'kernel/dma/swiotlb.c: swiotlb_tbl_map_single()',
    rule: 'a bounce buffer is one run of free slots of 2 KiB, 256 KiB at most',
    change: 'allocate where the device reaches, or unmap what is bounced',
  },
  'not-modelled': ours('dmaheap does not know what Linux answers here', 'see docs/fidelity.md'),
};

const OF_RESERVED = 'drivers/of/of_reserved_mem.c';

/** Where it is decided that a region is no heap. */
export const REGION_RULES: Readonly<Record<WhyNoHeap, string>> = {
  disabled: `${OF_RESERVED}: fdt_scan_reserved_mem()`,
  'unsupported-format': `${OF_RESERVED}: __reserved_mem_check_root()`,
  'no-reg-no-size': `${OF_RESERVED}: fdt_scan_reserved_mem()`,
  'malformed-reg': `${OF_RESERVED}: __reserved_mem_reserve_reg()`,
  'size-zero': `${OF_RESERVED}: __reserved_mem_reserve_reg()`,
  'reserve-failed': `${OF_RESERVED}: early_init_dt_reserve_memory()`,
  'invalid-size': `${OF_RESERVED}: __reserved_mem_alloc_size()`,
  'invalid-alignment': `${OF_RESERVED}: __reserved_mem_alloc_size()`,
  'too-many-dynamic': `${OF_RESERVED}: fdt_scan_reserved_mem()`,
  'no-room': `${OF_RESERVED}: __reserved_mem_alloc_size()`,
  'default-area-failed': 'mm/cma.c: __cma_declare_contiguous_nid()',
  'skipped-for-cmdline': `${OF_RESERVED}: __rmem_cma_verify_node()`,
  'not-shared-dma-pool': `${OF_RESERVED}: __reserved_mem_init_node()`,
  'reusable-and-no-map': 'kernel/dma/contiguous.c: rmem_cma_setup()',
  'cma-misaligned': 'kernel/dma/contiguous.c: rmem_cma_setup()',
  'cma-no-slot': 'mm/cma.c: cma_new_area()',
  'cma-across-zones': 'mm/cma.c: cma_activate_area()',
  'cma-not-configured': 'drivers/dma-buf/heaps/Kconfig: DMABUF_HEAPS_CMA',
  'coherent-off': 'drivers/dma-buf/heaps/Kconfig: DMABUF_HEAPS_COHERENT',
  'restricted-pool': 'kernel/dma/swiotlb.c: rmem_swiotlb_setup()',
  'restricted-refused': 'kernel/dma/swiotlb.c: rmem_swiotlb_setup()',
  'coherent-no-slot': 'kernel/dma/coherent.c: rmem_dma_setup()',
  'coherent-not-no-map': 'kernel/dma/coherent.c: rmem_dma_setup()',
  'mapped-ram': 'kernel/iomem.c: memremap()',
  'mapped-page': 'kernel/iomem.c: memremap()',
  unmappable: 'kernel/dma/coherent.c: dma_init_coherent_memory()',
  'name-taken': 'drivers/dma-buf/dma-heap.c: dma_heap_add()',
  'module-not-loaded': 'kernel/module/main.c: load_module()',
  'no-cma-heaps': 'drivers/dma-buf/heaps/cma_heap.c: add_cma_heaps()',
};
