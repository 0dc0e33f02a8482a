/*
 * schema: the version of sql/schema.sql that this build works with.
 */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

enum { SCHEMA_VERSION = 3 };

#endif
