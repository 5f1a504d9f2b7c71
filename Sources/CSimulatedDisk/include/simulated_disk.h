// A disk in memory as a VFS of SQLite: it keeps over a loss of power only what was synced, and of the
// rest what the seed says, by sectors of 512 bytes. For tests.
#ifndef SOUK_SIMULATED_DISK_H
#define SOUK_SIMULATED_DISK_H
#include <stdint.h>

typedef struct souk_disk souk_disk;

/// What goes wrong from now on. Calls are those that write, cut, sync or read; counted from 1.
typedef struct {
  /// The power fails within this call (0: never): what it wrote may be torn, and everything fails.
  uint64_t power_loss_at;
  /// This call fails once with an I/O error (0: never).
  uint64_t error_at;
  /// The disk is full: writes that would make a file longer fail.
  int is_full;
  /// Everything fails.
  int is_broken;
} souk_disk_faults;

/// Registers a VFS of its own under `souk_disk_name`. NULL without memory.
souk_disk *_Nullable souk_disk_new(uint64_t seed);
/// All connections must be closed.
void souk_disk_free(souk_disk *_Nonnull);
const char *_Nonnull souk_disk_name(souk_disk *_Nonnull);
void souk_disk_set_faults(souk_disk *_Nonnull, souk_disk_faults);
/// Calls so far.
uint64_t souk_disk_calls(souk_disk *_Nonnull);
uint64_t souk_disk_syncs(souk_disk *_Nonnull);
int souk_disk_has_lost_power(souk_disk *_Nonnull);
/// Cuts the power now: every call of those who have files open fails from now on.
void souk_disk_cut_power(souk_disk *_Nonnull);
/// Power is back: files are as they were synced; of what was not, nothing, everything, or some
/// sectors, as the seed says.
void souk_disk_restore_power(souk_disk *_Nonnull);

// Whole files beside SQLite's. Answers are 0 or a number of errno.h.
int souk_disk_replace(souk_disk *_Nonnull, const char *_Nonnull path, const void *_Nullable bytes, int64_t count);
/// -1 without such a file.
int64_t souk_disk_size(souk_disk *_Nonnull, const char *_Nonnull path);
int souk_disk_read(souk_disk *_Nonnull, const char *_Nonnull path, void *_Nonnull bytes, int64_t count);
int souk_disk_remove(souk_disk *_Nonnull, const char *_Nonnull path);
/// The n-th file's path; NULL beyond the last.
const char *_Nullable souk_disk_path(souk_disk *_Nonnull, int index);
#endif
