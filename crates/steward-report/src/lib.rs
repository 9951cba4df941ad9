//! Files: charts, tables, documents
