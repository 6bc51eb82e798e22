/**
 * The script that `dmaheap capture` prints, for the shells of targets: dash, busybox ash, bash, Android's mksh with
 * toybox. Nothing in it needs more than POSIX, and nothing changes the target.
 */
export const CAPTURE_SCRIPT = String.raw`#!/bin/sh
# Gathers what dmaheap needs to rebuild this machine's DMA heaps: run it as root, and send the text that it prints.
#     sh capture.sh > capture.txt
# It asks for nothing, sends nothing and changes nothing. It leaves out seeds, MAC addresses and serial numbers.
LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin:/system/bin:/vendor/bin
export LC_ALL PATH
# For tests: where the files are instead of /.
root=$1
not_read=

miss() {
  not_read="$not_read$1
"
}

head_of() {
  printf '=== %s ===\n' "$1"
}

# What is nobody's business, wherever it stands in a line.
hide() {
  sed \
    -e 's/[0-9A-Fa-f][0-9A-Fa-f]\([:-]\)[0-9A-Fa-f][0-9A-Fa-f]\1[0-9A-Fa-f][0-9A-Fa-f]\1[0-9A-Fa-f][0-9A-Fa-f]\1[0-9A-Fa-f][0-9A-Fa-f]\1[0-9A-Fa-f][0-9A-Fa-f]/(hidden)/g' \
    -e 's/\([Mm][Aa][Cc][A-Za-z_]*[=]\)[^ ,"]*/\1(hidden)/g' \
    -e 's/\([Ee]th[0-9]*[Aa]ddr[=]\)[^ ,"]*/\1(hidden)/g' \
    -e 's/\([Ss][Ee][Rr][Ii][Aa][Ll][ _-]*[Nn][OoUu][A-Za-z_]*[]"]*[=: ]*\)[^ ,]*/\1(hidden)/g' \
    -e 's/\([Ss]erial#[=: ]*\)[^ ,]*/\1(hidden)/g' \
    -e 's/\([Ss][Ee][Ee][Dd][A-Za-z_]*[=]\)[^ ]*/\1(hidden)/g' \
    -e 's/\([Ii][Mm][Ee][Ii][A-Za-z0-9_]*[=: ]*\)[^ ,]*/\1(hidden)/g' \
    -e 's/\(UUID=\)[^ ,]*/\1(hidden)/g' \
    -e 's/([^ ()]*@[^ ()]*)/(hidden)/g'
}

# A file as text.
put() {
  if [ ! -e "$root$1" ]; then
    miss "$1: not there"
  elif cat "$root$1" > /dev/null 2>&1; then
    head_of "$1"
    hide < "$root$1"
  else
    miss "$1: no permission"
  fi
}

# The kernel's log: the beginning of it may be gone from the ring buffer.
log_lines() {
  head_of "/capture/dmesg"
  if [ -n "$root" ]; then
    cat "$root/capture/dmesg" 2> /dev/null
  else
    dmesg 2> /dev/null || logcat -b kernel -d 2> /dev/null
  fi | hide
}

log() {
  lines=$(log_lines)
  printf '%s\n' "$lines"
  case $lines in
    *'Linux version '*) return ;;
  esac
  for file in /var/log/dmesg /var/log/boot.dmesg; do
    if [ -r "$root$file" ]; then
      head_of "$file"
      hide < "$root$file"
      return
    fi
  done
  if [ -z "$root" ] && older=$(journalctl -k -b --no-pager 2> /dev/null); then
    head_of "/capture/journal-dmesg"
    printf '%s\n' "$older" | hide
    return
  fi
  miss "dmesg: the beginning of the kernel log (it is gone, or needs root)"
}

heap_nodes() {
  if [ -d "$root/dev/dma_heap" ]; then
    head_of "/dev/dma_heap"
    ls -l "$root/dev/dma_heap" 2> /dev/null
  else
    miss "/dev/dma_heap: not there"
  fi
}

areas() {
  cma=/sys/kernel/debug/cma
  if [ ! -d "$root$cma" ]; then
    miss "$cma: not there (needs root, a mounted debugfs and CONFIG_CMA_DEBUGFS)"
    return
  fi
  for area in "$root$cma"/*; do
    [ -d "$area" ] || continue
    for file in base_pfn count used maxchunk order_per_bit bitmap; do
      put "$cma/$(basename "$area")/$file"
    done
  done
}

# Whose the buffers are.
holders() {
  for process in "$root"/proc/[0-9]*; do
    found=$(grep -l '^exp_name:' "$process"/fdinfo/* 2> /dev/null) || continue
    pid=$(basename "$process")
    put "/proc/$pid/comm"
    for file in $found; do
      put "/proc/$pid/fdinfo/$(basename "$file")"
    done
  done
}

config_lines() {
  if [ -r "$root/proc/config.gz" ]; then
    gunzip -c "$root/proc/config.gz" 2> /dev/null || zcat "$root/proc/config.gz" 2> /dev/null
  elif [ -r "$root/boot/config-$(uname -r)" ]; then
    cat "$root/boot/config-$(uname -r)"
  fi
}

config() {
  lines=$(config_lines | grep -E '^# Linux/|^# Automatically|CMA|DMABUF|HUGE|ZONE_DMA|[0-9]K_PAGES|VA_BITS|CONFIG_EFI[ =]|MEMCG|CGROUP_DMEM|SPARSEMEM|HIGHMEM|LPAE|RODATA|PAGE_BLOCK|FORCE_MAX|DMA_(NON)?COHERENT|NUMA|KASAN|KFENCE_SAMPLE|OF_DYNAMIC|DEBUG_PAGEALLOC|CONFIG_CMDLINE=|VMSPLIT|BIG_ENDIAN|CONFIG_SWIOTLB[ =]|RESTRICTED_POOL|IOMMU_SUPPORT|CONFIG_SLOB|STRICT_KERNEL_RWX|VGEM|VKMS')
  if [ -n "$lines" ]; then
    head_of "/capture/config"
    printf '%s\n' "$lines"
  else
    miss "the kernel's configuration: neither /proc/config.gz nor /boot/config-$(uname -r)"
  fi
}

# One property of the device tree as bytes.
property() {
  case $seen in
    *" $1 "*) return ;;
  esac
  seen="$seen$1 "
  case $1 in
    *seed* | *address | *serial* | *password* | *key* | *name) return ;;
  esac
  [ -r "$tree$1" ] || return
  head_of "/proc/device-tree$1"
  od -An -v -tx1 "$tree$1" 2> /dev/null
}

device_tree() {
  tree=$root/proc/device-tree
  seen=' '
  if [ ! -r "$tree/#address-cells" ]; then
    miss "/proc/device-tree: not there"
    return
  fi
  for name in '#address-cells' '#size-cells' compatible model dma-ranges; do
    property "/$name"
  done
  for node in "$tree"/memory* "$tree"/cpus/cpu@*; do
    [ -d "$node" ] || continue
    for name in device_type compatible reg; do
      property "/$(printf '%s\n' "$node" | sed "s|^$tree/||")/$name"
    done
  done
  find "$tree/reserved-memory/" -type f 2> /dev/null | sort | while read -r file; do
    property "$(printf '%s\n' "$file" | sed -e "s|^$tree||" -e 's|//*|/|g')"
  done
  # Devices that have regions or IOMMUs, and the buses above them.
  find "$tree/" -name memory-region -o -name iommus -o -name dma-coherent -o -name dma-ranges 2> /dev/null | sort |
    while read -r file; do
      node=$(printf '%s\n' "$(dirname "$file")" | sed -e "s|^$tree||" -e 's|//*|/|g')
      for name in compatible status reg memory-region iommus dma-coherent dma-noncoherent; do
        property "$node/$name"
      done
      while [ "$node" != / ] && [ -n "$node" ]; do
        for name in '#address-cells' '#size-cells' ranges dma-ranges compatible; do
          property "$node/$name"
        done
        node=$(dirname "$node")
      done
    done
}

echo "# dmaheap capture 1"
head_of "/capture/uname"
if [ -z "$root" ]; then
  uname -srvm
fi
put /proc/version
put /proc/cmdline
log
for file in iomem meminfo buddyinfo pagetypeinfo; do
  put "/proc/$file"
done
heap_nodes
areas
put /sys/kernel/debug/dma_buf/bufinfo
holders
config
device_tree
if [ -r "$root/proc/iomem" ] && ! grep -q '^ *0*[1-9a-f][0-9a-f]*-.* : System RAM' "$root/proc/iomem"; then
  miss "/proc/iomem: its addresses are zeros (needs root)"
fi
head_of "/capture/not-read"
printf '%s' "$not_read"
echo "# end of capture"
if [ -n "$not_read" ]; then
  printf 'not read:\n%s' "$not_read" >&2
fi
`;
