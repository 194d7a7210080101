//! The loops whose instructions `scripts/instructions` counts: push, indexed write, iteration, and the same over
//! a `Vec`.
//!
//! `hot_loops LOOP ROUNDS` runs one of them over so many times [`LEN`] elements.

use std::hint::black_box;
use std::path::Path;

use persist_core::{Error, MmapVec};

/// Elements of a round.
const LEN: u64 = 100_000;

/// There are so many rounds at most, and always room for all.
const MAX_ROUNDS: u64 = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (name, rounds) = (arguments.next(), arguments.next());
    let rounds = rounds.as_deref().unwrap_or("1").parse::<u64>()?.min(MAX_ROUNDS);
    let path = std::env::temp_dir().join(format!("hot-loops-{}.pv", std::process::id()));
    let result = run(name.as_deref().unwrap_or_default(), rounds, &path);
    std::fs::remove_file(&path)?;
    Ok(result?)
}

/// Whatever the number of rounds is, all but the loop is the same.
fn run(name: &str, rounds: u64, path: &Path) -> Result<(), Error> {
    let mut file = MmapVec::<u64>::create(path)?;
    file.reserve((MAX_ROUNDS * LEN) as usize)?;
    let mut memory = Vec::with_capacity((MAX_ROUNDS * LEN) as usize);
    if !name.starts_with("push") {
        file.try_extend(0..LEN)?;
        file.commit()?;
        // Every page is marked here, once.
        write(&mut file, 1);
        memory.extend(0..LEN);
    }
    for round in 0..rounds {
        match name {
            "push" => push(&mut file, LEN)?,
            "push-vec" => push_vec(&mut memory, LEN),
            "write" => write(&mut file, round),
            "write-vec" => write_slice(&mut memory, round),
            "sum" => _ = black_box(sum(&file)),
            "sum-vec" => _ = black_box(sum(&memory)),
            _ => panic!("expected push, write or sum, alone or with -vec; found `{name}`"),
        }
    }
    Ok(())
}

#[inline(never)]
fn push(file: &mut MmapVec<u64>, times: u64) -> Result<(), Error> {
    (0..times).try_for_each(|number| file.push(black_box(number)))
}

#[inline(never)]
fn push_vec(memory: &mut Vec<u64>, times: u64) {
    (0..times).for_each(|number| memory.push(black_box(number)));
}

#[inline(never)]
fn write(file: &mut MmapVec<u64>, number: u64) {
    for index in 0..file.len() {
        file[black_box(index)] = number;
    }
}

#[inline(never)]
fn write_slice(memory: &mut [u64], number: u64) {
    for index in 0..memory.len() {
        memory[black_box(index)] = number;
    }
}

#[inline(never)]
fn sum(numbers: &[u64]) -> u64 {
    numbers.iter().sum()
}
