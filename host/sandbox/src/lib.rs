//! Plug-ins in wasmtime: load, check, link once, run once, limit, refuse.
