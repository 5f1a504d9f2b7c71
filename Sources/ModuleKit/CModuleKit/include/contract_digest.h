// Written by Tools/contract-digest. In a header, and not in Swift, so that a change makes the compiler
// build every file of every plugin again that sees it.
#ifndef SOUK_CONTRACT_DIGEST_H
#define SOUK_CONTRACT_DIGEST_H
#include <stdint.h>

static inline uint64_t souk_contract_digest(void) { return 0x6148c5b62cc051eeu; }
#endif
