//! The plug-ins that the page for authors shows, as they stand there.

mod capitals;
mod growth;
mod rate;

#[test]
fn each_plugin_of_the_page_is_one_that_compiles() {
    let page = include_str!("../../../../docs/writing-a-plugin.md");
    let compiled = [
        include_str!("capitals.rs"),
        include_str!("growth.rs"),
        include_str!("rate.rs"),
    ];
    let blocks = page
        .split("```rust\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let shown: Vec<&str> = blocks.filter(|block| block.contains("#[plugin")).collect();
    assert_eq!(shown, compiled);
    let plugins = [capitals::PLUGINS, growth::PLUGINS, rate::PLUGINS].concat();
    let names: Vec<&str> = plugins.iter().map(|plugin| plugin.name).collect();
    assert_eq!(names, ["capitals", "growth", "contacts_only", "who", "rate"]);
}
