#pragma once

#include <sqlite3.h>

/// Says whether closing the connection copies the write-ahead log into the database and deletes it. Here because
/// `sqlite3_db_config` is variadic, which Swift does not import.
static inline int isthmus_sqlite3_checkpoint_on_close(sqlite3 *db, int enabled) {
    return sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, enabled ? 0 : 1, (int *)0);
}
