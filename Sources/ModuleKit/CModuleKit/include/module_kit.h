// What Swift cannot say itself: the thread's loop in initial-exec thread-local storage, and a clock
// read without a Foundation type in between.
#ifndef SOUK_MODULE_KIT_H
#define SOUK_MODULE_KIT_H
#include "contract_digest.h"
#include <stdint.h>
#include <stddef.h>
#include <time.h>

/// The loop whose thread this is, or NULL. Initial-exec: two loads, no __tls_get_addr.
extern __thread void *_Nullable souk_current_loop_storage __attribute__((tls_model("initial-exec")));

static inline void *_Nullable souk_current_loop(void) { return souk_current_loop_storage; }
static inline void souk_set_current_loop(void *_Nullable loop) { souk_current_loop_storage = loop; }

/// What the thread works on, for the crash handler; NULL between turns.
extern __thread const char *_Nullable souk_current_work_storage __attribute__((tls_model("initial-exec")));

static inline void souk_set_current_work(const char *_Nullable work) { souk_current_work_storage = work; }

/// After a trap nothing of Swift can go on: writes which actor and message it was to standard error,
/// then lets the signal end the process as it would have.
void souk_install_crash_handler(void);

/// Nanoseconds of the monotonic clock.
static inline uint64_t souk_monotonic_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/// Nanoseconds since 1970 of the wall clock.
static inline uint64_t souk_wall_nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/// Keeps a measured loop from being folded away.
static inline int64_t souk_opaque(int64_t x) {
  __asm__ volatile("" : "+r"(x)::"memory");
  return x;
}
#endif
