/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libslirp uses of GLib, on top of libc alone.
 *
 * libslirp wants some thirty small things of GLib: allocation that aborts, assertions, log macros,
 * a growing string for its debug output. GLib itself, linked into the binary for that, would run
 * its constructors in every start of every role, add a megabyte and its regular expression library,
 * and keep private pages in every helper.
 *
 * Differences that matter: messages go nowhere (the helper has nobody to tell; what they tell is
 * what the container does), but fatal ones end the process as in GLib.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/param.h> /* MIN, MAX */
#include <sys/random.h>

typedef void* gpointer;
typedef char gchar;
typedef int gint;
typedef int gboolean;
typedef char** GStrv;
#ifndef FALSE
#define FALSE 0
#define TRUE 1
#endif

#define G_OS_UNIX
#define G_LITTLE_ENDIAN __ORDER_LITTLE_ENDIAN__
#define G_BIG_ENDIAN __ORDER_BIG_ENDIAN__
#define G_BYTE_ORDER __BYTE_ORDER__
#define GLIB_SIZEOF_VOID_P __SIZEOF_POINTER__
#define GLIB_CHECK_VERSION(major, minor, micro) 1

#define G_GNUC_PRINTF(text, first) __attribute__((format(printf, text, first)))
#define G_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define G_N_ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
#define G_SIZEOF_MEMBER(type, member) sizeof(((type*)0)->member)
#define G_STATIC_ASSERT(condition) _Static_assert(condition, #condition)

/* The arguments are still checked against the format, and never evaluated. */
#define g_silent(...)               \
    do {                            \
        if (0) printf(__VA_ARGS__); \
    } while (0)
#define g_debug(...) g_silent(__VA_ARGS__)
#define g_warning(...) g_silent(__VA_ARGS__)
#define g_critical(...) g_silent(__VA_ARGS__)
#define g_error(...)           \
    do {                       \
        g_silent(__VA_ARGS__); \
        abort();               \
    } while (0)
#define g_warn_if_fail(condition) ((void)(condition))
#define g_assert(condition)                    \
    do {                                       \
        if (G_UNLIKELY(!(condition))) abort(); \
    } while (0)
#define g_assert_not_reached() abort()
#define g_return_if_fail(condition) \
    do {                            \
        if (!(condition)) return;   \
    } while (0)
#define g_return_val_if_fail(condition, value) \
    do {                                       \
        if (!(condition)) return (value);      \
    } while (0)

static inline gpointer g_checked(gpointer memory, size_t size) {
    if (memory == NULL && size != 0) abort();
    return memory;
}
static inline gpointer g_malloc(size_t size) {
    return g_checked(malloc(size), size);
}
static inline gpointer g_malloc0(size_t size) {
    return g_checked(calloc(1, size), size);
}
static inline gpointer g_realloc(gpointer old, size_t size) {
    return g_checked(realloc(old, size), size);
}
static inline void g_free(gpointer memory) {
    free(memory);
}
#define g_new(type, count) ((type*)g_checked(calloc((count), sizeof(type)), 1))
#define g_new0(type, count) g_new(type, count)
static inline gchar* g_strdup(const gchar* text) {
    return text == NULL ? NULL : g_checked(strdup(text), 1);
}

static inline unsigned g_strv_length(GStrv list) {
    unsigned length = 0;
    while (list[length] != NULL) ++length;
    return length;
}
static inline gboolean g_str_has_prefix(const gchar* text, const gchar* prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}
static inline gchar* g_strstr_len(const gchar* text, ptrdiff_t length, const gchar* wanted) {
    return memmem(text, strnlen(text, (size_t)length), wanted, strlen(wanted));
}
#define g_snprintf snprintf
#define g_vsnprintf vsnprintf
#define g_strerror strerror

/* No environment variable changes what the helper does. */
typedef struct GDebugKey {
    const gchar* key;
    unsigned value;
} GDebugKey;
#define g_getenv(name) ((const gchar*)NULL)
static inline unsigned g_parse_debug_string(const gchar* text, const GDebugKey* keys,
                                            unsigned count) {
    (void)text, (void)keys, (void)count;
    return 0;
}

/* Numbers of the kernel's: nothing to seed, nothing to guess. */
typedef struct GRand GRand;
static inline GRand* g_rand_new(void) {
    return NULL;
}
static inline void g_rand_free(GRand* generator) {
    (void)generator;
}
static inline int32_t g_rand_int_range(GRand* generator, int32_t begin, int32_t end) {
    uint32_t value = 0;
    (void)generator;
    if (getrandom(&value, sizeof value, 0) != sizeof value) abort();
    return begin + (int32_t)(value % (uint32_t)(end - begin));
}

typedef struct GString {
    gchar* str;
    size_t len;
} GString;
static inline GString* g_string_new(const gchar* text) {
    GString* string = g_new(GString, 1);
    string->str = g_strdup(text == NULL ? "" : text);
    string->len = strlen(string->str);
    return string;
}
G_GNUC_PRINTF(2, 3)
static inline void g_string_append_printf(GString* string, const gchar* format, ...) {
    va_list arguments;
    gchar* more = NULL;
    va_start(arguments, format);
    const int length = vasprintf(&more, format, arguments);
    va_end(arguments);
    if (length < 0) abort();
    string->str = g_realloc(string->str, string->len + (size_t)length + 1);
    memcpy(string->str + string->len, more, (size_t)length + 1);
    string->len += (size_t)length;
    free(more);
}
static inline gchar* g_string_free(GString* string, gboolean with_text) {
    gchar* text = with_text ? NULL : string->str;
    if (with_text) free(string->str);
    free(string);
    return text;
}
