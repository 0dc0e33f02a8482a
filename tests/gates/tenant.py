"""Every statement that touches a table with a company_id column names company_id."""

import re

from house import TOP, c_files, finish, statements_of

schema = re.sub(r"--[^\n]*", "", (TOP / "sql/schema.sql").read_text())
tables = re.findall(r"CREATE TABLE (\w+)\s*\((.*?)\n\)", schema, re.S)
tenant_tables = {table for table, body in tables if re.search(r"^\s*company_id\b", body, re.M)}
assert len(tenant_tables) > 5, tenant_tables

faults, looked = [], 0
for path in c_files():
    for statement in statements_of(path)[1]:
        looked += 1
        sql = re.sub(r"'(?:''|\\.|[^'\\])*'", "''", statement.sql)
        touched = tenant_tables & set(re.findall(r"\w+", sql))
        if touched and not re.search(r"\bcompany_id\b", sql):
            faults.append(f"{statement.place}: touches {', '.join(sorted(touched))} without company_id")
finish(faults, looked)
