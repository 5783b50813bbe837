//! Rows and metadata in the database: migrations, transactions, query tree to SQL.
