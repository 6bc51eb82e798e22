/*
 * A first-fit search for clear bits in 64-bit words: what scripts/bench-search.ts compares with.
 *
 *   bench-search FILE BITS TURNS FROM LENGTH ALIGN OFFSET
 *
 * FILE holds the bits, lowest first. Prints the answer (BITS: there is none) and the nanoseconds of a search,
 * the median of TURNS.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t *words;
static uint64_t bits;

/* The first bit in [from, end) that is set, or clear where `flip` is all ones; `end` when there is none. */
static inline uint64_t next(uint64_t from, uint64_t end, uint64_t flip)
{
	if (from >= end)
		return end;
	uint64_t index = from / 64;
	uint64_t word = (words[index] ^ flip) & (~0ull << (from % 64));
	while (word == 0) {
		if (++index * 64 >= end)
			return end;
		word = words[index] ^ flip;
	}
	uint64_t found = index * 64 + (uint64_t)__builtin_ctzll(word);
	return found < end ? found : end;
}

static uint64_t search(uint64_t from, uint64_t length, uint64_t align, uint64_t offset)
{
	for (;;) {
		uint64_t start = next(from, bits, ~0ull);
		start = ((start + offset + align - 1) & ~(align - 1)) - offset;
		uint64_t end = start + length;
		if (end > bits)
			return bits;
		uint64_t taken = next(start, end, 0);
		if (taken >= end)
			return start;
		from = taken + 1;
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	if (argc != 8)
		return 2;
	bits = strtoull(argv[2], NULL, 10);
	size_t turns = strtoull(argv[3], NULL, 10);
	uint64_t from = strtoull(argv[4], NULL, 10), length = strtoull(argv[5], NULL, 10);
	uint64_t align = strtoull(argv[6], NULL, 10), offset = strtoull(argv[7], NULL, 10);
	size_t count = (bits + 63) / 64;
	words = calloc(count, 8);
	double *taken = calloc(turns, sizeof *taken);
	FILE *file = fopen(argv[1], "rb");
	if (turns == 0 || words == NULL || taken == NULL || file == NULL || fread(words, 8, count, file) != count)
		return 1;
	volatile uint64_t answer = bits;
	for (size_t turn = 0; turn < turns; turn++) {
		struct timespec before, after;
		clock_gettime(CLOCK_MONOTONIC, &before);
		answer = search(from, length, align, offset);
		clock_gettime(CLOCK_MONOTONIC, &after);
		taken[turn] = (double)(after.tv_sec - before.tv_sec) * 1e9 + (double)(after.tv_nsec - before.tv_nsec);
	}
	qsort(taken, turns, sizeof *taken, ascending);
	printf("%llu %.0f\n", (unsigned long long)answer, taken[turns / 2]);
	return 0;
}
