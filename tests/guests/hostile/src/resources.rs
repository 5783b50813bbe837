//! Guests that take: time, memory, stack.

use std::{
    hint::black_box,
    sync::atomic::{AtomicU32, Ordering},
};

use super::{Outcome, PluginError, log};

pub fn spin() -> Outcome {
    let mut n = 0_u64;
    loop {
        n = black_box(n).wrapping_add(1);
    }
}

/// Allocates until allocation fails, which ends the guest.
pub fn eat() -> Outcome {
    let mut all = Vec::new();
    loop {
        all.push(black_box(vec![1_u8; 1 << 20]));
    }
}

/// Allocates until allocation fails, and is content with that.
pub fn ask() -> Outcome {
    let mut all: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut one: Vec<u8> = Vec::new();
        if one.try_reserve_exact(1 << 20).is_err() {
            log::trace(&format!("got {} MiB", all.len()));
            return Ok(());
        }
        all.push(black_box(one));
    }
}

/// Recurses `depth` deep with nothing on the stack but what wasm itself puts there.
pub fn recurse(depth: u32) -> Outcome {
    black_box(down(depth, &mut || Ok(())).0);
    Ok(())
}

/// Recurses `depth` deep and does `work` there.
pub fn dive(depth: u32, work: &dyn Fn() -> Outcome) -> Outcome {
    down(depth, &mut || work()).1
}

#[inline(never)]
fn down(depth: u32, work: &mut dyn FnMut() -> Outcome) -> (u32, Outcome) {
    let mut outcome = Ok(());
    let n = step(depth, work, &mut outcome);
    (n, outcome)
}

#[inline(never)]
fn step(depth: u32, work: &mut dyn FnMut() -> Outcome, outcome: &mut Outcome) -> u32 {
    if depth == 0 {
        return bottom(work, outcome);
    }
    // Neither associative nor last, so that it stays a recursion.
    step(depth - 1, work, outcome).rotate_left(3) ^ depth
}

/// Apart, so that what it needs of the stack in linear memory is not in every `step`.
#[inline(never)]
fn bottom(work: &mut dyn FnMut() -> Outcome, outcome: &mut Outcome) -> u32 {
    *outcome = work();
    1
}

/// Recurses `depth` deep with arrays in linear memory.
#[inline(never)]
pub fn recurse_shadow(depth: u32) -> Outcome {
    let mut array = [depth; 64];
    black_box(&mut array);
    if depth > 0 {
        recurse_shadow(depth - 1)?;
    }
    black_box(&mut array);
    Ok(())
}

/// A hundred megabytes, a line of a megabyte at a time.
pub fn huge_trace() -> Outcome {
    let line = "trace ".repeat(175_000);
    (0..100).for_each(|_| log::trace(&line));
    Ok(())
}

static MARK: AtomicU32 = AtomicU32::new(0);
const PATTERN: u8 = 0xA5;
const SIZE: usize = 4 << 20;

/// Leaves a mark in static memory and in the heap.
pub fn mark() -> Outcome {
    MARK.store(0xA5A5_A5A5, Ordering::SeqCst);
    std::mem::forget(black_box(vec![PATTERN; SIZE]));
    Ok(())
}

/// Looks for the mark that another call left: in static memory, and in fresh memory, which
/// the allocator takes for zero.
pub fn look() -> Outcome {
    let heap = black_box(vec![0_u8; SIZE * 2]);
    if MARK.load(Ordering::SeqCst) != 0 || heap.iter().any(|byte| *byte != 0) {
        return Err(PluginError::Unexpected("found the mark of another call".into()));
    }
    Ok(())
}
