//! The contract as Rust types and traits, generated from `sdk/wit`: the newest version, of which the
//! earlier ones are parts. What a file of an earlier version lacks is asked for by name, in
//! [`crate::describe`].

wasmtime::component::bindgen!({
    path: "../../sdk/wit/1.1",
    world: "any-plugin-with-clock-and-random",
    imports: { default: trappable },
    with: { "sluice:plugin/context.execution-context": crate::host::ExecutionContext },
});
