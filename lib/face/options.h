/* MEMS_OPTIONS: all of it happens at the beginning and end of a process. */
#ifndef MEMS_FACE_OPTIONS_H
#define MEMS_FACE_OPTIONS_H

/* Something to ask the linker for. */
extern const char mems__options;

#endif
