//! The contract as Rust types and traits, generated from `sdk/wit`.

wasmtime::component::bindgen!({
    path: "../../sdk/wit/1.0",
    world: "plugin-with-clock-and-random",
    imports: { default: trappable },
    with: { "sluice:plugin/context.execution-context": crate::host::ExecutionContext },
});
