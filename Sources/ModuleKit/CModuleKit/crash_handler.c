#define _GNU_SOURCE
#include "module_kit.h"
#include <signal.h>
#include <string.h>
#include <unistd.h>

__thread const char *_Nullable souk_current_work_storage;

static void put(const char *text) {
  ssize_t ignored = write(2, text, strlen(text));
  (void)ignored;
}

static void on_trap(int signal_number, siginfo_t *information, void *context) {
  (void)information;
  (void)context;
  put("souk: fatal: the process traps in ");
  put(souk_current_work_storage ? souk_current_work_storage : "the runtime");
  put("\n");
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void souk_install_crash_handler(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_trap;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  const int signals[] = {SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGTRAP, SIGABRT};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);
}
