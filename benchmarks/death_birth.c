/* The yardstick: death-birth updating on a regular graph, in C.

   The same algorithm as coop_abm/engine/keys.py, statement by statement, and the same random numbers in the same
   order (xoshiro256++ seeded by splitmix64, one stream per replicate), so that winners and counts of events are equal
   to the bit.

   gcc -O3 -march=native -ffp-contract=off -shared -fPIC death_birth.c -o death_birth.so

   -ffp-contract=off: fused multiply-adds round once where Python and numba round twice. */

#include <stdint.h>
#include <stdlib.h>

typedef struct {
    uint64_t s0, s1, s2, s3;
} stream;

static inline uint64_t rotated(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static inline uint64_t mixed(uint64_t *x) {
    uint64_t z = (*x += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static stream opened(uint64_t base, uint64_t replicate) {
    stream s;
    uint64_t x = replicate;
    x = base ^ mixed(&x);
    s.s0 = mixed(&x);
    s.s1 = mixed(&x);
    s.s2 = mixed(&x);
    s.s3 = mixed(&x);
    return s;
}

/* A uniform number in [0, 1). */
static inline double drawn(stream *s) {
    uint64_t word = rotated(s->s0 + s->s3, 23) + s->s0, shifted = s->s1 << 17;
    s->s2 ^= s->s0;
    s->s3 ^= s->s1;
    s->s1 ^= s->s2;
    s->s0 ^= s->s3;
    s->s2 ^= shifted;
    s->s3 = rotated(s->s3, 45);
    return (double)(word >> 11) * 1.1102230246251565e-16;
}

/* Replicates, each placed at random and run to fixation or for `limit` events.

   degree, indices : how many neighbours everybody has, and who they are
   radix, stride, holds, idle, fitness : what keys say, see coop_abm/engine/world.py
   start  : heads of each of S strategies
   winner : the strategy that fixed, -1 if none did; events : how many it took; both written */
void ensemble(int64_t size, int64_t degree, const uint32_t *indices, const int64_t *radix, int64_t stride,
              const int16_t *holds, const int8_t *idle, const double *fitness, int64_t strategies, uint64_t base,
              int64_t first, int64_t runs, const int64_t *start, int64_t limit, int64_t *winner, int64_t *events) {
    int16_t *strategy = malloc(size * sizeof *strategy);
    uint8_t *key = malloc(size);
    int64_t *count = malloc(strategies * sizeof *count);
    for (int64_t k = 0; k < runs; k++) {
        stream now = opened(base, first + k);
        for (int64_t s = 0, i = 0; s < strategies; s++) {
            count[s] = start[s];
            for (int64_t n = 0; n < start[s]; n++) strategy[i++] = s;
        }
        for (int64_t a = size - 1; a > 0; a--) {
            int64_t b = drawn(&now) * (a + 1);
            int16_t kept = strategy[a];
            strategy[a] = strategy[b];
            strategy[b] = kept;
        }
        for (int64_t i = 0; i < size; i++) {
            int64_t code = strategy[i] * stride;
            for (int64_t e = i * degree; e < (i + 1) * degree; e++) code += radix[strategy[indices[e]]];
            key[i] = code;
        }
        int64_t done = 0;
        int left = 1;
        for (int64_t s = 0; s < strategies; s++) left &= count[s] < size;
        while (left && done < limit) {
            double place = drawn(&now) * size;
            int64_t dead = place;
            double v = place - dead;
            done++;
            if (idle[key[dead]]) continue;
            const uint32_t *near = indices + dead * degree;
            double total = 0.0, passed = 0.0;
            for (int64_t e = 0; e < degree; e++) total += fitness[key[near[e]]];
            double target = v * total;
            int64_t chosen = 0;
            for (int64_t e = 0; e < degree - 1; e++) {
                passed += fitness[key[near[e]]];
                chosen += target >= passed;
            }
            int16_t before = holds[key[dead]], after = holds[key[near[chosen]]];
            if (before == after) continue;
            count[before]--;
            count[after]++;
            key[dead] += (after - before) * stride;
            int64_t step = radix[after] - radix[before];
            for (int64_t e = 0; e < degree; e++) key[near[e]] += step;
            left = count[after] < size;
        }
        winner[k] = -1;
        for (int64_t s = 0; s < strategies; s++)
            if (count[s] == size) winner[k] = s;
        events[k] = done;
    }
    free(strategy);
    free(key);
    free(count);
}
