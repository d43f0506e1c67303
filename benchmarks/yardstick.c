/* What the machine can do: death-birth updating on a regular graph, and the bare memory accesses below it.
 *
 * Built by benchmarks/native.py with cc -O3 -march=native. Random words are xoshiro256++ (Blackman & Vigna
 * 2021), its state in registers while a replicate runs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t a, b, c, d;
} stream;

static inline uint64_t rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

static inline uint64_t next_word(stream *s) {
    const uint64_t word = rotate(s->a + s->d, 23) + s->a;
    const uint64_t shifted = s->b << 17;
    s->c ^= s->a;
    s->d ^= s->b;
    s->b ^= s->c;
    s->a ^= s->d;
    s->c ^= shifted;
    s->d = rotate(s->d, 45);
    return word;
}

/* splitmix64, which opens a stream */
static inline uint64_t scattered(uint64_t *x) {
    uint64_t z = (*x += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}

static stream opened(uint64_t seed) {
    stream s;
    s.a = scattered(&seed);
    s.b = scattered(&seed);
    s.c = scattered(&seed);
    s.d = scattered(&seed);
    return s;
}

/* One word gives a node (upper half) and a number in [0, 1) (lower half). */
static inline uint32_t node_of(uint64_t word, uint64_t size) { return (uint32_t)(((word >> 32) * size) >> 32); }
static inline double chance_of(uint64_t word) { return (double)(uint32_t)word * 0x1p-32; }

/* Replicates of death-birth updating between cooperators (1) and defectors (0), each to fixation.
 *
 * indptr, indices : compressed rows of a graph in which every node has `degree` neighbours
 * fitness  : (2, degree + 1), by strategy and number of cooperating neighbours
 * starting : cooperators at the start, on random nodes
 * won, events : (runs,) written: whether cooperators took over, and after how many updates
 */
int death_birth(const int64_t *indptr, const uint32_t *indices, const double *fitness, int64_t degree, int64_t size,
                int64_t runs, uint64_t seed, int64_t starting, int64_t *won, int64_t *events) {
    const int64_t stride = degree + 1;
    uint8_t *strategy = malloc((size_t)size), *helpers = malloc((size_t)size);
    if (!strategy || !helpers) {
        free(strategy);
        free(helpers);
        return 1;
    }
    for (int64_t run = 0; run < runs; run++) {
        stream s = opened(seed + (uint64_t)run);
        memset(strategy, 0, (size_t)size);
        memset(helpers, 0, (size_t)size);
        int64_t cooperators = 0, done = 0;
        while (cooperators < starting) {
            const uint32_t i = node_of(next_word(&s), (uint64_t)size);
            if (strategy[i]) continue;
            strategy[i] = 1;
            cooperators++;
            for (int64_t e = indptr[i]; e < indptr[i + 1]; e++) helpers[indices[e]]++;
        }
        while (cooperators > 0 && cooperators < size) {
            const uint64_t word = next_word(&s);
            const uint32_t dead = node_of(word, (uint64_t)size);
            const int64_t begin = indptr[dead], end = indptr[dead + 1];
            double helping = 0.0, all = 0.0;
            for (int64_t e = begin; e < end; e++) {
                const uint32_t j = indices[e];
                const double strong = fitness[strategy[j] * stride + helpers[j]];
                all += strong;
                helping += strategy[j] ? strong : 0.0;
            }
            const uint8_t born = chance_of(word) * all < helping;
            done++;
            if (born != strategy[dead]) {
                const int change = born ? 1 : -1;
                strategy[dead] = born;
                cooperators += change;
                for (int64_t e = begin; e < end; e++) helpers[indices[e]] = (uint8_t)(helpers[indices[e]] + change);
            }
        }
        won[run] = cooperators == size;
        events[run] = done;
    }
    free(strategy);
    free(helpers);
    return 0;
}

/* Random node, states of its four neighbours, `times` over: the memory accesses that no update can do without.
 *
 * state : (size,); indices : (size, 4). Returns the sum of the states, so that nothing is left out.
 */
uint64_t gather(const uint8_t *state, const uint32_t *indices, int64_t size, int64_t times, uint64_t seed) {
    stream s = opened(seed);
    uint64_t sum = 0;
    for (int64_t t = 0; t < times; t++) {
        const uint32_t *near = indices + 4 * (int64_t)node_of(next_word(&s), (uint64_t)size);
        sum += (uint64_t)state[near[0]] + state[near[1]] + state[near[2]] + state[near[3]];
    }
    return sum;
}
