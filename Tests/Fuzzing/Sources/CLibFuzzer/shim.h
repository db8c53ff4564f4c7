#include <stddef.h>
#include <stdint.h>

// libFuzzer has no header of its own; this is its documented entry for programs with a main function.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test_one_input)(const uint8_t *data, size_t size));
