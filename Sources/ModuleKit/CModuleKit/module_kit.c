#include "module_kit.h"

__thread void *_Nullable souk_current_loop_storage;
