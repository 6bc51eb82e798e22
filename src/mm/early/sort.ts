/**
 * The kernel's sort: a heap sort, which may swap elements that compare equal. Models lib/sort.c: sort()
 * (Linux 7.3).
 */

/**
 * Sorts in place, leaving equal elements in the order that Linux leaves them in.
 *
 * ```
 *   heap                      sorted
 *   |max|........|  last two  |#########|
 *     `-- and the larger of its children go behind, two at a time
 * ```
 *
 * @param compare negative, 0 or positive, as a C comparison function
 */
export function sortAsKernel<T>(items: T[], compare: (a: T, b: T) => number): void {
  const at = (i: number): T => items[i] as T;
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [at(j), at(i)];
  };
  const order = (i: number, j: number): number => compare(at(i), at(j));
  const parent = (i: number): number => (i - 1) >> 1;

  let heapEnd = items.length;
  let root = heapEnd >> 1;
  let step = 1;
  if (root === 0) return;
  for (;;) {
    if (root > 0) root -= step;
    else if (heapEnd > 3) {
      swap(0, --heapEnd);
      step = order(1, 2) <= 0 ? 2 : 1;
      root = step;
      swap(root, --heapEnd);
    } else break;

    // Down to a leaf by the larger children, then back up to where the element belongs.
    let place = root;
    let left = 2 * place + 1;
    while (left + 1 < heapEnd) {
      place = order(left, left + 1) > 0 ? left : left + 1;
      left = 2 * place + 1;
    }
    if (left + 1 === heapEnd) place = left;
    while (place !== root && order(root, place) >= 0) place = parent(place);
    const target = place;
    while (place !== root) {
      place = parent(place);
      swap(place, target);
    }
  }
  swap(0, --heapEnd);
  if (heapEnd === 2 && order(0, 1) > 0) swap(0, 1);
}

/** The same by the sort of kernels up to 6.6, which leaves equal elements in another order: lib/sort.c (Linux 6.6). */
export function sortAsOldKernel<T>(items: T[], compare: (a: T, b: T) => number): void {
  const at = (i: number): T => items[i] as T;
  const swap = (i: number, j: number): void => {
    [items[i], items[j]] = [at(j), at(i)];
  };
  const order = (i: number, j: number): number => compare(at(i), at(j));
  let heapEnd = items.length;
  let root = heapEnd >> 1;
  while (heapEnd > 0) {
    if (root > 0) root--;
    else {
      heapEnd--;
      if (heapEnd === 0) return;
      swap(0, heapEnd);
    }
    // Down to a leaf by the larger children, then back up to where the element belongs.
    let place = root;
    let left = 2 * place + 1;
    for (; left + 1 < heapEnd; left = 2 * place + 1) place = order(left, left + 1) >= 0 ? left : left + 1;
    if (left + 1 === heapEnd) place = left;
    while (place !== root && order(root, place) >= 0) place = (place - 1) >> 1;
    const target = place;
    while (place !== root) {
      place = (place - 1) >> 1;
      swap(place, target);
    }
  }
}
