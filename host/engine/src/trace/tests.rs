//! What finds no room, and where refusals stand.

use sluice_model::Code;

use super::*;

fn call(trace: &mut Trace, error: Option<&Error>) {
    trace.enter_call("Create".into(), Some("account".into()));
    trace.leave(error);
}

fn shown(trace: &mut Trace, error: Option<&Error>) -> Node {
    let tree = trace.tree(error).unwrap();
    Node::read(&serde_json::to_string(&tree).unwrap()).unwrap()
}

#[test]
fn what_finds_no_room_is_counted_and_the_failure_is_kept() {
    let error = Error::invalid("no");
    let mut trace = Trace::default();
    trace.enter_call("Create".into(), None);
    for _ in 0..10_000 {
        call(&mut trace, None);
    }
    // A node without room, below which something fails that is not handed on, goes with it.
    trace.enter_call("Update".into(), None);
    call(&mut trace, Some(&error));
    trace.leave(None);
    call(&mut trace, Some(&error));
    trace.leave(Some(&error));
    let tree = shown(&mut trace, Some(&error));
    let kept = u64::try_from(tree.children.len()).unwrap();
    assert!((1_000..3_000).contains(&kept), "{kept}");
    assert_eq!(kept + tree.cut, 10_000 + 2 + 1, "every node is there or counted");
    let last = tree.children.last().unwrap();
    assert_eq!(last.refusal().unwrap(), "0x80040203 no");
}

#[test]
fn a_refusal_stands_where_it_began_and_at_the_root() {
    let error = Error::new(Code::ISV_ABORTED, "no business on a Sunday");
    let mut trace = Trace::default();
    for name in ["one", "two", "three", "four"] {
        trace.enter_call(name.into(), None);
    }
    for _ in 0..4 {
        trace.leave(Some(&error));
    }
    let tree = serde_json::to_string(&trace.tree(Some(&error)).unwrap()).unwrap();
    assert_eq!(tree.matches("Sunday").count(), 2, "{tree}");
    let root = Node::read(&tree).unwrap();
    let second = root.children.first().unwrap();
    assert_eq!(second.refusal().unwrap(), "0x80040265");
    assert_eq!(root.refusal().unwrap(), "0x80040265 no business on a Sunday");
    let leaf = second.children.first().unwrap().children.first().unwrap();
    assert_eq!(leaf.refusal(), root.refusal());
}

#[test]
fn a_trace_goes_back_with_its_unit() {
    let mut trace = Trace::default();
    let error = Error::invalid("no");
    trace.enter_call("Create".into(), None);
    call(&mut trace, Some(&error));
    let mark = trace.mark();
    for _ in 0..5_000 {
        call(&mut trace, None);
    }
    trace.enter_call("Update".into(), None);
    // The rows were made of it before it was known that it would run again.
    shown(&mut trace, Some(&Error::invalid("another")));
    trace.back_to(&mark);
    call(&mut trace, None);
    trace.leave(None);
    let tree = shown(&mut trace, None);
    assert_eq!((tree.children.len(), tree.cut), (2, 0));
    assert_eq!(tree.children.first().unwrap().refusal().unwrap(), "0x80040203 no");
}
