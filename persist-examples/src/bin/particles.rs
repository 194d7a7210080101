//! A simulation whose state is a file: changed in place, step by step, and killed in the middle.
//!
//! Each step writes every particle through a `&mut [Particle]`, and is committed: `galaxy::step` is a function
//! over a slice, and knows nothing of files. However the program comes to an end, the file has all
//! particles after the same step, and the next run goes on from there.

#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use persist_core::MmapVec;
use persist_examples::crash::{self, CrashError};
use persist_examples::format::{count, decimal, duration, mebibytes, per_second};
use persist_examples::galaxy::{self, PARTICLES, Particle};
use persist_examples::program;

const CRASHES: usize = 3;
const STEPS_BEFORE_A_CRASH: usize = 20;

const USAGE: &str = "\
usage: particles [FILE [STEPS]]

  FILE    the file of the simulation; by default one under target/persist-examples/
  STEPS   how many steps to make, before some more that are cut short; by default 200
";

fn main() -> ExitCode {
    let (path, steps) = program::file_and_amount(USAGE, "galaxy.pv", 200);
    program::finish(match crash::is_victim() {
        true => step_until_killed(&path),
        false => simulate(&path, steps).and_then(|()| crash(&path)),
    })
}

/// The particles in the file, those of a new galaxy where it has none.
fn open(path: &Path) -> Result<MmapVec<Particle>, Box<dyn Error>> {
    // The magic tells them from any other program's.
    let mut particles = MmapVec::options().app_magic(*b"GALAXY\0\0").open_or_create(path)?;
    program::check_mode(path, &particles.info())?;
    if particles.is_empty() {
        particles.extend_from_slice(&galaxy::disc())?;
        particles.commit()?;
    }
    if particles.len() != PARTICLES {
        return Err(format!("`{}` is another galaxy: remove it", path.display()).into());
    }
    Ok(particles)
}

fn simulate(path: &Path, steps: usize) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    let start = Instant::now();
    let mut particles = open(path)?;
    writeln!(
        out,
        "{} particles, {}, at step {}: opened in {}",
        count(PARTICLES),
        mebibytes(size_of_val(&particles[..]) as u64),
        count(whole_steps(&particles)? as usize),
        duration(start.elapsed())
    )?;
    describe(&particles)?;

    let start = Instant::now();
    for done in 1..=steps {
        galaxy::step(&mut particles);
        particles.commit()?;
        if done % steps.div_ceil(10) == 0 {
            describe(&particles)?;
        }
    }
    let elapsed = start.elapsed();
    writeln!(
        out,
        "{} steps in {}: {} steps/s, {} particle steps/s, a commit after each step included",
        count(steps),
        duration(elapsed),
        per_second(steps, elapsed),
        per_second(steps * PARTICLES, elapsed)
    )?;
    particles.close()?;
    Ok(())
}

fn describe(particles: &[Particle]) -> Result<(), Box<dyn Error>> {
    let [x, y, z] = galaxy::centre(particles).map(|axis| decimal(axis, 4));
    writeln!(
        io::stdout(),
        "step {:>7}   energy {:.6}   centre of mass ({x:>7}, {y:>7}, {z:>7})",
        count(whole_steps(particles)? as usize),
        galaxy::energy(particles)
    )?;
    Ok(())
}

/// The step after which all particles are.
fn whole_steps(particles: &[Particle]) -> Result<u64, Box<dyn Error>> {
    galaxy::whole_steps(particles).ok_or_else(|| "some particles are ahead of others: a bug".into())
}

/// Has another process step on and be killed, a few times, and looks what it left in the file.
fn crash(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout();
    writeln!(out, "\ncrashes: another process steps on, commits each step, and is killed")?;
    for _ in 0..CRASHES {
        // In memory the same steps are made once more, where nobody is killed.
        let mut expected = open(path)?.to_vec();
        let mut lines = 0;
        let said = crash::kill_self(path, |_| {
            lines += 1;
            lines == STEPS_BEFORE_A_CRASH
        })?;
        let reported: u64 = said.parse().map_err(|_| CrashError::Said(said))?;

        let start = Instant::now();
        let particles = open(path)?;
        let opening = duration(start.elapsed());
        let found = whole_steps(&particles)?;
        for _ in expected[0].steps..found {
            galaxy::step(&mut expected);
        }
        // Killed after a commit, and before it could say so, it left one more.
        if !(reported..=reported + 1).contains(&found) || particles != expected {
            return Err(format!("step {reported} was committed, and isn't what is found").into());
        }
        writeln!(
            out,
            "  it committed step {}; opened again in {opening}, at step {}: to the bit what is computed \
             without a crash",
            count(reported as usize),
            count(found as usize)
        )?;
        particles.close()?;
    }
    writeln!(out, "\nrun it again to go on from there; remove {} to start over", path.display())?;
    Ok(())
}

/// Steps and commits, and says after each commit which step it was.
fn step_until_killed(path: &Path) -> Result<(), Box<dyn Error>> {
    let mut particles = open(path)?;
    loop {
        galaxy::step(&mut particles);
        particles.commit()?;
        writeln!(io::stdout(), "{}", particles[0].steps)?;
    }
}
