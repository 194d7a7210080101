//! A simulation whose state is a file: stepped through plain slices, and resumed where it stopped.
//!
//! The file is a film of the simulation. A frame is the positions of all particles and then their
//! velocities, so each is one dense array (a *structure of arrays*: what a step touches lies together,
//! and the compiler can vectorise it). To go on, the program appends a copy of the last frame, steps
//! it in place, and commits.
//!
//! Why a new frame, instead of changing the last one? Changes in place to *committed* elements may
//! reach the disk at any time, and after a crash half of them may be there. Elements past the
//! committed length don't count until they are committed. So here a crash at any moment leaves whole
//! frames, and the simulation resumes from the last of them as if nothing had happened.

#![forbid(unsafe_code)]

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use persist_core::MmapVec;
use persist_examples::format::{count, decimal, duration, mebibytes, per_second};
use persist_examples::program;

/// A position or a velocity. Arrays of numbers are elements as they are: nothing to derive.
type Vec3 = [f32; 3];

const PARTICLES: usize = 20_000;
/// A frame is positions and velocities.
const FRAME: usize = 2 * PARTICLES;
const STEPS_PER_FRAME: usize = 200;
const TIME_STEP: f32 = 0.002;
/// Keeps the pull of the centre finite.
const SOFTENING: f32 = 0.05;

const USAGE: &str = "\
usage: particles [FILE [FRAMES]]

  FILE     the file of the simulation; by default one under target/persist-examples/
  FRAMES   how many frames to add, 200 steps each; by default 20
";

fn main() -> ExitCode {
    let (path, frames) = program::file_and_amount(USAGE, "particles.pv", 20);
    program::finish(simulate(&path, frames))
}

fn simulate(path: &Path, frames: usize) -> Result<(), Box<dyn Error>> {
    // The magic tells these arrays of numbers from any other program's.
    let start = Instant::now();
    let mut film = MmapVec::<Vec3>::options().app_magic(*b"GALAXY\0\0").open_or_create(path)?;
    let opening = duration(start.elapsed());
    if film.len() % FRAME != 0 {
        return Err(format!("`{}` has frames of another size: remove it", path.display()).into());
    }
    if film.is_empty() {
        film.extend_from_slice(&disc())?;
        film.commit()?;
        println!("started a new film of {} particles", count(PARTICLES));
    } else {
        let frame = film.len() / FRAME - 1;
        // The same for a file of any size: whatever its bits are, an `f32` is one, so there is nothing to
        // check.
        println!("resumed at frame {}: {} opened in {opening}", count(frame), size(&film));
    }
    describe(&film);

    let start = Instant::now();
    for _ in 0..frames {
        film.extend_from_within(film.len() - FRAME..)?;
        let new = film.len() - FRAME;
        for _ in 0..STEPS_PER_FRAME {
            step(&mut film[new..]);
        }
        film.commit()?;
        describe(&film);
    }
    let elapsed = start.elapsed();

    let steps = frames * STEPS_PER_FRAME;
    println!(
        "{} steps in {}: {} steps/s, {} particle steps/s, a commit every {STEPS_PER_FRAME} steps included",
        count(steps),
        duration(elapsed),
        per_second(steps, elapsed),
        per_second(steps * PARTICLES, elapsed)
    );
    println!("{} of frames in {}", size(&film), path.display());
    println!("run it again to go on from here; remove the file to start over");
    film.close()?;
    Ok(())
}

fn size(film: &[Vec3]) -> String {
    mebibytes(size_of_val(film) as u64)
}

/// The first frame: a disc of particles on orbits that are not quite circles.
fn disc() -> Vec<Vec3> {
    /// Turning by this angle from one particle to the next spreads them evenly, as in a sunflower.
    const GOLDEN_ANGLE: f32 = 2.399_963_2;
    let (mut positions, mut velocities) = (Vec::with_capacity(FRAME), Vec::new());
    for i in 0..PARTICLES {
        let radius = 0.2 + (i as f32 / PARTICLES as f32).sqrt();
        let (sin, cos) = (i as f32 * GOLDEN_ANGLE).sin_cos();
        let speed = 0.9 * radius / (radius * radius + SOFTENING * SOFTENING).powf(0.75);
        positions.push([radius * cos, radius * sin, 0.05 * (3.0 * radius + cos).sin()]);
        velocities.push([-speed * sin, speed * cos, 0.0]);
    }
    positions.append(&mut velocities);
    positions
}

/// Moves all particles by one time step: half a drift, a kick, half a drift. Such a leapfrog keeps
/// the energy from running away.
fn step(frame: &mut [Vec3]) {
    let (positions, velocities) = frame.split_at_mut(PARTICLES);
    for (position, velocity) in positions.iter_mut().zip(velocities) {
        drift(position, velocity);
        let pull = -TIME_STEP * distance_squared(position).powf(-1.5);
        for axis in 0..3 {
            velocity[axis] += pull * position[axis];
        }
        drift(position, velocity);
    }
}

fn drift(position: &mut Vec3, velocity: &Vec3) {
    for axis in 0..3 {
        position[axis] += 0.5 * TIME_STEP * velocity[axis];
    }
}

/// Of a particle from the centre, softened.
fn distance_squared([x, y, z]: &Vec3) -> f32 {
    x * x + y * y + z * z + SOFTENING * SOFTENING
}

/// Prints the mean energy, which should stay, and the centre of mass, which should stay near 0.
fn describe(film: &[Vec3]) {
    let frame = film.len() / FRAME - 1;
    let (positions, velocities) = film[frame * FRAME..].split_at(PARTICLES);
    let mean = |numbers: &mut dyn Iterator<Item = f32>| {
        numbers.map(f64::from).sum::<f64>() / PARTICLES as f64
    };
    let kinetic = mean(&mut velocities.iter().map(|[x, y, z]| 0.5 * (x * x + y * y + z * z)));
    let potential = mean(&mut positions.iter().map(|p| -distance_squared(p).sqrt().recip()));
    let centre: [f64; 3] = std::array::from_fn(|axis| mean(&mut positions.iter().map(|p| p[axis])));
    let [x, y, z] = centre.map(|axis| decimal(axis, 4));
    println!(
        "frame {frame:>4}   step {:>7}   energy {:.6}   centre of mass ({x:>7}, {y:>7}, {z:>7})",
        count(frame * STEPS_PER_FRAME),
        kinetic + potential
    );
}
