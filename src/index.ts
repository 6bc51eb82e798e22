/**
 * dmaheap as a library: boards, boot and a running kernel, without disk, clock or terminal.
 *
 * ```ts
 * const board = boardFromTree(decodeDtb(bytes, 'board.dtb'), 'board.dtb');
 * const records = new MemoryRecords();
 * const { panic } = boot(board, { cmdline: 'cma=64M' }, records);
 * const kernel = new Kernel(records, new InMemoryPhysMemory(layoutOf(records)));
 * const heap = kernel.syscall('shell', { call: 'open', path: '/dev/dma_heap/system', flags: O_RDWR });
 * ```
 *
 * YAML boards are apart, in `dmaheap/board-yaml`, since they load a parser; kept kernels are in
 * `dmaheap/session`.
 */

export type { Board, MemoryRegionUser, ReservedMemNode } from './board/board.ts';
export type { DeclaredHeap, HeapDeclarations } from './board/declared-heaps.ts';
export { detectFormat } from './board/detect-format.ts';
export { boardFromTree } from './board/from-tree.ts';
export type { CompiledSource, CompileSourceOptions } from './devicetree/compile-source.ts';
export { compileSource } from './devicetree/compile-source.ts';
export { decodeDtb, encodeDtb } from './devicetree/dtb.ts';
export { printDts } from './devicetree/dts/print.ts';
export type { AppliedOverlay } from './devicetree/overlay.ts';
export { applyOverlay } from './devicetree/overlay.ts';
export type { BinaryFile, ReadFile, RefusedFile, SourceFile } from './devicetree/source.ts';
export type { DeviceTree, DtNode, DtProperty, MemReserve } from './devicetree/tree.ts';
export { getChild, getProperty } from './devicetree/tree.ts';
export type { Diagnostic, SourcePosition } from './diagnostic.ts';
export { InvalidInput } from './diagnostic.ts';
export type { Backend } from './dma-buf/backends.ts';
export type { Failure } from './dma-buf/failure.ts';
export { KernelOops } from './dma-buf/kernel-oops.ts';
export { NotModelled } from './dma-buf/not-modelled.ts';
export type { BootOutcome } from './kernel/boot/boot.ts';
export { boot } from './kernel/boot/boot.ts';
export type { BootParams, BootReserved, ConfigValue } from './kernel/boot/boot-params.ts';
export type { DeviceMapping, DmaView } from './kernel/coherency/dma.ts';
export { DmaFaulted } from './kernel/coherency/dma.ts';
export type {
  CoherencyReport,
  FaultReport,
  MissingSync,
  NoSyncHelps,
  Report,
  ReportedBuffer,
  StrayReport,
} from './kernel/coherency/hazard-log.ts';
export { DEFAULT_DMA_MASK, dmaBitMask } from './kernel/device-table.ts';
export type { FaultRule } from './kernel/faults/fault-rule.ts';
export type { ReadFaultRule } from './kernel/faults/fault-text.ts';
export { faultRuleOf, formatFaultRule, parseFaultRule } from './kernel/faults/fault-text.ts';
export type { FaultView } from './kernel/faults/faults.ts';
export { Kernel, layoutOf } from './kernel/kernel.ts';
export type { Mapping } from './kernel/mapping.ts';
export { SegmentationFault } from './kernel/mapping.ts';
export type { Syscall, SyscallResult, UserPointer } from './kernel/syscall.ts';
export type { Credentials } from './kernel/task.ts';
export { SHELL_TASK } from './kernel/task.ts';
export type {
  AttachmentView,
  BufferView,
  DeviceAttachment,
  FdView,
  HeapView,
  HeldBuffer,
  KernelView,
  MappingView,
  RegionView,
  TaskView,
  WhyNoHeap,
} from './kernel/views/views.ts';
export type { CmaDebugfs } from './kernel/virtual-files/index.ts';
export { cmaDebugfs, cmaTotalKiB, procBuddyinfo, procIomem } from './kernel/virtual-files/index.ts';
export type { Device, DmaAddr, DmaRange } from './mm/dma/device.ts';
export { DEFAULT_MAX_SEG_SIZE } from './mm/dma/device.ts';
export type { DmaFault } from './mm/dma/dma-access.ts';
export type { DmaDirection } from './mm/dma/dma-mapping.ts';
export type { Accessor, Hazard, HazardCause } from './mm/dma/hazard.ts';
export type { DmaSegment } from './mm/dma/iommu-dma.ts';
export type { MemoryWrite, PhysMemory } from './mm/phys-memory.ts';
export { BusError, InMemoryPhysMemory } from './mm/phys-memory.ts';
export type { LogLevel, LogLine } from './printk.ts';
export { Printk } from './printk.ts';
export type { Architecture, PageKiB } from './profile/architecture.ts';
export type { ConfigFile } from './profile/dot-config.ts';
export { readConfigFile } from './profile/dot-config.ts';
export type { Geometry } from './profile/geometry.ts';
export type { KernelRow } from './profile/kernels.ts';
export { KERNELS } from './profile/kernels.ts';
export type { NamedKernel, UnknownKernel } from './profile/named-kernel.ts';
export { nameKernel } from './profile/named-kernel.ts';
export { formatFlags as formatOpenFlags, parseFlags as parseOpenFlags } from './profile/open-flag-words.ts';
export type { Preset } from './profile/presets.ts';
export { PRESETS } from './profile/presets.ts';
export { architectureNames, isRecorded, openFlagsOf, type Profile } from './profile/profile.ts';
export type { Doubt } from './profile/unverified.ts';
export { doubtsOf } from './profile/unverified.ts';
export type { AgeOptions, AgeReport, AgeSize, TriedRequest } from './program/age.ts';
export { age, NoHeapToAge, parseAgeSizes } from './program/age.ts';
export type { BoardSummary, Finding } from './program/boots/board-summary.ts';
export { summarizeBoard } from './program/boots/board-summary.ts';
export type { BootDifference, Change, Fate, Placed } from './program/boots/boot-differences.ts';
export { bootDifferences, logDifferences } from './program/boots/boot-differences.ts';
export type { Booted } from './program/boots/booted.ts';
export { bootedBy } from './program/boots/booted.ts';
export type { DiffHunk, DiffLine } from './program/boots/line-diff.ts';
export type { ConfigInForce } from './program/config-in-force.ts';
export { configInForce } from './program/config-in-force.ts';
export type { Records } from './records.ts';
export { MemoryRecords } from './records.ts';
export * from './uapi/dirent.ts';
export * from './uapi/dma-buf.ts';
export * from './uapi/dma-heap.ts';
export type { Errno } from './uapi/errno.ts';
export { errnoNumber, strerror } from './uapi/errno.ts';
export * from './uapi/fcntl.ts';
export * from './uapi/fs.ts';
export * from './uapi/poll.ts';
export * from './uapi/stat.ts';
export type { Pfn, PfnRange, PhysAddr, PhysRange } from './units.ts';
export { formatSize, parseSize } from './units.ts';
