#include "simulated_disk.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512, REGIONS = 64, NAME = 256 };

typedef struct {
  unsigned char *bytes;
  int64_t size, capacity;
} image;

typedef struct {
  int is_truncation;
  int64_t offset;
  int count;
  unsigned char *data;
} operation;

/* What the connections to one file share: locks and the WAL's index. Outlives a loss of power for
   those who still point into it. */
typedef struct {
  int references, readers;
  void *reserved, *exclusive;
  void *regions[REGIONS];
  int shared[SQLITE_SHM_NLOCK];
  void *owner[SQLITE_SHM_NLOCK];
} sharing;

typedef struct file {
  char path[NAME];
  int exists;
  image live, safe;
  operation *pending;
  int count, capacity;
  sharing *sharing;
  struct file *next;
} file;

struct souk_disk {
  sqlite3_vfs vfs;
  char name[32];
  pthread_mutex_t mutex;
  file *files;
  int is_dead, generation;
  uint64_t random, calls, syncs;
  souk_disk_faults faults;
};

typedef struct {
  sqlite3_file base;
  souk_disk *disk;
  file *file;
  sharing *sharing;
  int generation, level;
  int maps;
  uint16_t shared, exclusive;
} handle;

static uint64_t draw(souk_disk *d) {
  uint64_t z = (d->random += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/* Images */

static int put(image *im, int64_t offset, const void *data, int64_t count) {
  if (offset + count > im->capacity) {
    int64_t wide = im->capacity ? im->capacity * 2 : 16384;
    while (wide < offset + count) wide *= 2;
    unsigned char *bytes = realloc(im->bytes, (size_t)wide);
    if (!bytes) return 0;
    memset(bytes + im->capacity, 0, (size_t)(wide - im->capacity));
    im->bytes = bytes;
    im->capacity = wide;
  }
  if (count) memcpy(im->bytes + offset, data, (size_t)count);
  if (offset + count > im->size) im->size = offset + count;
  return 1;
}
static void cut(image *im, int64_t size) {
  if (size >= im->size) return;
  memset(im->bytes + size, 0, (size_t)(im->size - size));
  im->size = size;
}

static void forget(file *f) {
  for (int i = 0; i < f->count; i++) free(f->pending[i].data);
  f->count = 0;
}
static int note(file *f, operation op) {
  if (f->count == f->capacity) {
    int wide = f->capacity ? f->capacity * 2 : 32;
    operation *pending = realloc(f->pending, (size_t)wide * sizeof op);
    if (!pending) return 0;
    f->pending = pending;
    f->capacity = wide;
  }
  f->pending[f->count++] = op;
  return 1;
}
static void settle(file *f) {
  for (int i = 0; i < f->count; i++) {
    operation *op = f->pending + i;
    if (op->is_truncation) cut(&f->safe, op->offset); else put(&f->safe, op->offset, op->data, op->count);
  }
  forget(f);
}
/* Some of what was not synced may have reached the disk all the same, sector by sector. */
static void tear(souk_disk *d, file *f) {
  uint64_t fate = draw(d) % 4; /* nothing, everything, or some */
  uint64_t keep = 1 + draw(d) % 3;
  for (int i = 0; i < f->count && fate; i++) {
    operation *op = f->pending + i;
    if (op->is_truncation) {
      if (fate == 1 || draw(d) % 4 < keep) cut(&f->safe, op->offset);
      continue;
    }
    for (int at = 0; at < op->count;) {
      int n = SECTOR - (int)((op->offset + at) % SECTOR);
      if (n > op->count - at) n = op->count - at;
      if (fate == 1 || draw(d) % 4 < keep) put(&f->safe, op->offset + at, op->data + at, n);
      at += n;
    }
  }
  forget(f);
}

static file *find(souk_disk *d, const char *path, int create) {
  file *gone = 0;
  for (file *f = d->files; f; f = f->next) {
    if (strcmp(f->path, path)) continue;
    if (f->exists) return f;
    gone = f;
  }
  if (!create || strlen(path) >= NAME) return 0;
  if (!gone) {
    gone = calloc(1, sizeof *gone);
    if (!gone) return 0;
    snprintf(gone->path, NAME, "%s", path);
    gone->next = d->files;
    d->files = gone;
  }
  gone->exists = 1;
  return gone;
}
static void erase(file *f) {
  f->exists = 0;
  forget(f);
  cut(&f->live, 0);
  cut(&f->safe, 0);
}

/* Counts a call; answers whether it fails. The power may fail within it. */
static int fails(souk_disk *d, int *loses_power) {
  d->calls++;
  *loses_power = d->faults.power_loss_at && d->calls >= d->faults.power_loss_at;
  if (d->faults.is_broken) return 1;
  if (d->faults.error_at && d->calls == d->faults.error_at) return 1;
  return 0;
}

/* The VFS */

#define ENTER(f) handle *h = (handle *)(f); souk_disk *d = h->disk; pthread_mutex_lock(&d->mutex)
#define LEAVE(code) do { int result = (code); pthread_mutex_unlock(&d->mutex); return result; } while (0)
#define DEAD (d->is_dead || h->generation != d->generation)

static void unlock_all(handle *h) {
  sharing *s = h->sharing;
  if (h->level >= SQLITE_LOCK_SHARED) s->readers--;
  if (s->reserved == h) s->reserved = 0;
  if (s->exclusive == h) s->exclusive = 0;
  h->level = SQLITE_LOCK_NONE;
  for (int i = 0; i < SQLITE_SHM_NLOCK; i++) {
    if (h->shared & (1 << i)) s->shared[i]--;
    if (h->exclusive & (1 << i)) s->owner[i] = 0;
  }
  h->shared = h->exclusive = 0;
}
static void release(sharing *s) {
  if (--s->references > 0) return;
  for (int i = 0; i < REGIONS; i++) free(s->regions[i]);
  free(s);
}

static int x_close(sqlite3_file *base) {
  ENTER(base);
  unlock_all(h);
  if (h->file->sharing == h->sharing && h->sharing->references == 1) h->file->sharing = 0;
  release(h->sharing);
  LEAVE(SQLITE_OK);
}
static int x_read(sqlite3_file *base, void *out, int count, sqlite3_int64 offset) {
  ENTER(base);
  int power;
  if (DEAD || fails(d, &power)) LEAVE(SQLITE_IOERR_READ);
  image *im = &h->file->live;
  int64_t have = im->size - offset;
  if (have > count) have = count;
  if (have < 0) have = 0;
  if (have) memcpy(out, im->bytes + offset, (size_t)have);
  if (have == count) LEAVE(SQLITE_OK);
  memset((char *)out + have, 0, (size_t)(count - have));
  LEAVE(SQLITE_IOERR_SHORT_READ);
}
static int x_write(sqlite3_file *base, const void *in, int count, sqlite3_int64 offset) {
  ENTER(base);
  int power;
  if (DEAD || fails(d, &power)) LEAVE(SQLITE_IOERR_WRITE);
  if (d->faults.is_full && offset + count > h->file->live.size) LEAVE(SQLITE_FULL);
  operation op = {0, offset, count, malloc((size_t)count + 1)};
  if (!op.data) LEAVE(SQLITE_IOERR_NOMEM);
  memcpy(op.data, in, (size_t)count);
  if (!note(h->file, op) || !put(&h->file->live, offset, in, count)) LEAVE(SQLITE_IOERR_NOMEM);
  if (power) d->is_dead = 1;
  LEAVE(power ? SQLITE_IOERR_WRITE : SQLITE_OK);
}
static int x_truncate(sqlite3_file *base, sqlite3_int64 size) {
  ENTER(base);
  int power;
  if (DEAD || fails(d, &power)) LEAVE(SQLITE_IOERR_TRUNCATE);
  operation op = {1, size, 0, 0};
  if (!note(h->file, op)) LEAVE(SQLITE_IOERR_NOMEM);
  cut(&h->file->live, size);
  if (power) d->is_dead = 1;
  LEAVE(power ? SQLITE_IOERR_TRUNCATE : SQLITE_OK);
}
static int x_sync(sqlite3_file *base, int flags) {
  (void)flags;
  ENTER(base);
  int power;
  if (DEAD || fails(d, &power)) LEAVE(SQLITE_IOERR_FSYNC);
  if (power) d->is_dead = 1;
  if (power) LEAVE(SQLITE_IOERR_FSYNC);
  d->syncs++;
  settle(h->file);
  LEAVE(SQLITE_OK);
}
static int x_size(sqlite3_file *base, sqlite3_int64 *size) {
  ENTER(base);
  *size = h->file->live.size;
  LEAVE(DEAD ? SQLITE_IOERR_FSTAT : SQLITE_OK);
}

static int x_lock(sqlite3_file *base, int level) {
  ENTER(base);
  sharing *s = h->sharing;
  if (DEAD) LEAVE(SQLITE_IOERR_LOCK);
  if (h->level >= level) LEAVE(SQLITE_OK);
  if (level == SQLITE_LOCK_SHARED) {
    if (s->exclusive) LEAVE(SQLITE_BUSY);
    s->readers++;
  } else {
    if (s->reserved && s->reserved != h) LEAVE(SQLITE_BUSY);
    s->reserved = h;
    if (level == SQLITE_LOCK_EXCLUSIVE) {
      if (s->readers > 1) LEAVE(SQLITE_BUSY);
      s->exclusive = h;
    }
  }
  h->level = level;
  LEAVE(SQLITE_OK);
}
static int x_unlock(sqlite3_file *base, int level) {
  ENTER(base);
  sharing *s = h->sharing;
  if (s->reserved == h) s->reserved = 0;
  if (s->exclusive == h) s->exclusive = 0;
  if (level == SQLITE_LOCK_NONE && h->level >= SQLITE_LOCK_SHARED) s->readers--;
  if (h->level > level) h->level = level;
  LEAVE(SQLITE_OK);
}
static int x_reserved(sqlite3_file *base, int *out) {
  ENTER(base);
  *out = h->sharing->reserved != 0;
  LEAVE(SQLITE_OK);
}
static int x_control(sqlite3_file *base, int op, void *argument) {
  (void)base; (void)op; (void)argument;
  return SQLITE_NOTFOUND;
}
static int x_sector(sqlite3_file *base) { (void)base; return 4096; }
static int x_characteristics(sqlite3_file *base) { (void)base; return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

static int x_shm_map(sqlite3_file *base, int index, int size, int extend, void volatile **out) {
  ENTER(base);
  *out = 0;
  if (DEAD || index >= REGIONS) LEAVE(SQLITE_IOERR_SHMMAP);
  void **region = h->sharing->regions + index;
  if (!*region && extend) *region = calloc(1, (size_t)size);
  *out = *region;
  LEAVE(SQLITE_OK);
}
static int x_shm_lock(sqlite3_file *base, int offset, int count, int flags) {
  ENTER(base);
  sharing *s = h->sharing;
  uint16_t mask = (uint16_t)(((1 << count) - 1) << offset);
  if (flags & SQLITE_SHM_UNLOCK) {
    for (int i = offset; i < offset + count; i++) {
      if (h->shared & (1 << i)) s->shared[i]--;
      if (h->exclusive & (1 << i)) s->owner[i] = 0;
    }
    h->shared &= (uint16_t)~mask;
    h->exclusive &= (uint16_t)~mask;
    LEAVE(SQLITE_OK);
  }
  if (DEAD) LEAVE(SQLITE_IOERR_SHMLOCK);
  for (int i = offset; i < offset + count; i++) {
    if (s->owner[i] && s->owner[i] != h) LEAVE(SQLITE_BUSY);
    int others = s->shared[i] - ((h->shared >> i) & 1);
    if ((flags & SQLITE_SHM_EXCLUSIVE) && others > 0) LEAVE(SQLITE_BUSY);
  }
  for (int i = offset; i < offset + count; i++) {
    if (flags & SQLITE_SHM_EXCLUSIVE) {
      s->owner[i] = h;
      h->exclusive |= (uint16_t)(1 << i);
    } else if (!(h->shared & (1 << i))) {
      s->shared[i]++;
      h->shared |= (uint16_t)(1 << i);
    }
  }
  LEAVE(SQLITE_OK);
}
static void x_shm_barrier(sqlite3_file *base) { (void)base; __sync_synchronize(); }
static int x_shm_unmap(sqlite3_file *base, int delete) { (void)base; (void)delete; return SQLITE_OK; }

static const sqlite3_io_methods methods = {
    2, x_close, x_read, x_write, x_truncate, x_sync, x_size, x_lock, x_unlock, x_reserved, x_control,
    x_sector, x_characteristics, x_shm_map, x_shm_lock, x_shm_barrier, x_shm_unmap, 0, 0};

static int v_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out) {
  souk_disk *d = vfs->pAppData;
  handle *h = (handle *)base;
  memset(h, 0, sizeof *h);
  pthread_mutex_lock(&d->mutex);
  int code = SQLITE_CANTOPEN;
  file *f = 0;
  if (d->is_dead || d->faults.is_broken) code = SQLITE_IOERR;
  else if (path) f = find(d, path, flags & SQLITE_OPEN_CREATE);
  if (f && !f->sharing) f->sharing = calloc(1, sizeof *f->sharing);
  if (f && f->sharing) {
    f->sharing->references++;
    h->disk = d;
    h->file = f;
    h->sharing = f->sharing;
    h->generation = d->generation;
    h->base.pMethods = &methods;
    if (out) *out = flags;
    code = SQLITE_OK;
  }
  pthread_mutex_unlock(&d->mutex);
  return code;
}
static int v_delete(sqlite3_vfs *vfs, const char *path, int sync) {
  (void)sync;
  souk_disk *d = vfs->pAppData;
  pthread_mutex_lock(&d->mutex);
  int code = d->is_dead || d->faults.is_broken ? SQLITE_IOERR_DELETE : SQLITE_OK;
  file *f = code ? 0 : find(d, path, 0);
  if (f) erase(f);
  pthread_mutex_unlock(&d->mutex);
  return code;
}
static int v_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
  (void)flags;
  souk_disk *d = vfs->pAppData;
  pthread_mutex_lock(&d->mutex);
  file *f = find(d, path, 0);
  *out = f && f->live.size > 0;
  int code = d->is_dead ? SQLITE_IOERR_ACCESS : SQLITE_OK;
  pthread_mutex_unlock(&d->mutex);
  return code;
}
static int v_full(sqlite3_vfs *vfs, const char *path, int count, char *out) {
  (void)vfs;
  snprintf(out, (size_t)count, "%s", path);
  return SQLITE_OK;
}
static int v_randomness(sqlite3_vfs *vfs, int count, char *out) {
  souk_disk *d = vfs->pAppData;
  for (int i = 0; i < count; i++) out[i] = (char)draw(d);
  return count;
}
static int v_sleep(sqlite3_vfs *vfs, int microseconds) { (void)vfs; return microseconds; }
static int v_time64(sqlite3_vfs *vfs, sqlite3_int64 *time) { (void)vfs; *time = 212800000000000ll; return SQLITE_OK; }
static int v_time(sqlite3_vfs *vfs, double *time) { (void)vfs; *time = 2462962.9; return SQLITE_OK; }
static int v_error(sqlite3_vfs *vfs, int count, char *out) { (void)vfs; (void)count; (void)out; return 0; }

/* The disk */

souk_disk *souk_disk_new(uint64_t seed) {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static int number = 0;
  souk_disk *d = calloc(1, sizeof *d);
  if (!d) return 0;
  pthread_mutex_lock(&mutex);
  snprintf(d->name, sizeof d->name, "souk-simulated-%d", ++number);
  pthread_mutex_unlock(&mutex);
  pthread_mutex_init(&d->mutex, 0);
  d->random = seed;
  d->vfs = (sqlite3_vfs){.iVersion = 2, .szOsFile = sizeof(handle), .mxPathname = NAME, .zName = d->name,
      .pAppData = d, .xOpen = v_open, .xDelete = v_delete, .xAccess = v_access, .xFullPathname = v_full,
      .xRandomness = v_randomness, .xSleep = v_sleep, .xCurrentTime = v_time, .xGetLastError = v_error,
      .xCurrentTimeInt64 = v_time64};
  sqlite3_vfs_register(&d->vfs, 0);
  return d;
}
void souk_disk_free(souk_disk *d) {
  sqlite3_vfs_unregister(&d->vfs);
  for (file *f = d->files; f;) {
    file *next = f->next;
    forget(f);
    free(f->pending);
    free(f->live.bytes);
    free(f->safe.bytes);
    free(f);
    f = next;
  }
  pthread_mutex_destroy(&d->mutex);
  free(d);
}
const char *souk_disk_name(souk_disk *d) { return d->name; }
void souk_disk_set_faults(souk_disk *d, souk_disk_faults faults) {
  pthread_mutex_lock(&d->mutex);
  d->faults = faults;
  pthread_mutex_unlock(&d->mutex);
}
uint64_t souk_disk_calls(souk_disk *d) { return d->calls; }
uint64_t souk_disk_syncs(souk_disk *d) { return d->syncs; }
int souk_disk_has_lost_power(souk_disk *d) { return d->is_dead; }
void souk_disk_cut_power(souk_disk *d) {
  pthread_mutex_lock(&d->mutex);
  d->is_dead = 1;
  pthread_mutex_unlock(&d->mutex);
}
void souk_disk_restore_power(souk_disk *d) {
  pthread_mutex_lock(&d->mutex);
  for (file *f = d->files; f; f = f->next) {
    if (f->exists) tear(d, f);
    cut(&f->live, 0);
    if (f->exists) put(&f->live, 0, f->safe.bytes, f->safe.size);
    /* Those who had it open keep what they share; nobody else sees it again. */
    f->sharing = 0;
  }
  d->generation++;
  d->is_dead = 0;
  d->faults = (souk_disk_faults){0, 0, 0, 0};
  pthread_mutex_unlock(&d->mutex);
}

int souk_disk_replace(souk_disk *d, const char *path, const void *bytes, int64_t count) {
  pthread_mutex_lock(&d->mutex);
  int power, code = 0;
  if (d->is_dead || fails(d, &power)) code = EIO;
  else if (d->faults.is_full) code = ENOSPC;
  else if (power) { d->is_dead = 1; code = EIO; }
  file *f = code ? 0 : find(d, path, 1);
  if (!code && !f) code = ENOMEM;
  if (f) {
    forget(f);
    cut(&f->live, 0);
    cut(&f->safe, 0);
    put(&f->live, 0, bytes, count);
    put(&f->safe, 0, bytes, count);
    d->syncs++;
  }
  pthread_mutex_unlock(&d->mutex);
  return code;
}
int64_t souk_disk_size(souk_disk *d, const char *path) {
  pthread_mutex_lock(&d->mutex);
  file *f = find(d, path, 0);
  int64_t size = f ? f->live.size : -1;
  pthread_mutex_unlock(&d->mutex);
  return size;
}
int souk_disk_read(souk_disk *d, const char *path, void *bytes, int64_t count) {
  pthread_mutex_lock(&d->mutex);
  int power, code = 0;
  file *f = find(d, path, 0);
  if (!f) code = ENOENT;
  else if (d->is_dead || fails(d, &power)) code = EIO;
  else if (count > f->live.size) code = EINVAL;
  else if (count) memcpy(bytes, f->live.bytes, (size_t)count);
  pthread_mutex_unlock(&d->mutex);
  return code;
}
int souk_disk_remove(souk_disk *d, const char *path) {
  pthread_mutex_lock(&d->mutex);
  file *f = find(d, path, 0);
  int code = !f ? ENOENT : d->is_dead || d->faults.is_broken ? EIO : 0;
  if (!code) erase(f);
  pthread_mutex_unlock(&d->mutex);
  return code;
}
const char *souk_disk_path(souk_disk *d, int index) {
  pthread_mutex_lock(&d->mutex);
  const char *path = 0;
  for (file *f = d->files; f && !path; f = f->next)
    if (f->exists && index-- == 0) path = f->path;
  pthread_mutex_unlock(&d->mutex);
  return path;
}
