//! What the `particles` program simulates: particles that a centre pulls. Knows nothing of files.

use persist_core::Persist;

/// How many particles there are.
pub const PARTICLES: usize = 20_000;
const TIME_STEP: f32 = 0.002;
/// Keeps the pull of the centre finite.
const SOFTENING: f32 = 0.05;

/// A particle: 32 bytes, all of which are written at each step.
#[derive(Debug, Clone, Copy, PartialEq, Persist)]
#[repr(C)]
pub struct Particle {
    /// Where it is.
    pub position: [f32; 3],
    /// Where it goes.
    pub velocity: [f32; 3],
    /// How many steps it has made. Were some particles a step ahead of others, this would tell.
    pub steps: u64,
}

/// The beginning: a disc of particles on orbits that are not quite circles.
#[must_use]
pub fn disc() -> Vec<Particle> {
    (0..PARTICLES).map(particle_of_disc).collect()
}

fn particle_of_disc(i: usize) -> Particle {
    /// Turning by this angle from one particle to the next spreads them evenly, as in a sunflower.
    const GOLDEN_ANGLE: f32 = 2.399_963_2;
    let radius = 0.2 + (i as f32 / PARTICLES as f32).sqrt();
    let (sin, cos) = (i as f32 * GOLDEN_ANGLE).sin_cos();
    let speed = 0.9 * radius / (radius * radius + SOFTENING * SOFTENING).powf(0.75);
    Particle {
        position: [radius * cos, radius * sin, 0.05 * (3.0 * radius + cos).sin()],
        velocity: [-speed * sin, speed * cos, 0.0],
        steps: 0,
    }
}

/// Moves all particles by one time step, in place: half a drift, a kick, half a drift. Such a leapfrog
/// keeps the energy from running away.
pub fn step(particles: &mut [Particle]) {
    for particle in particles {
        particle.drift();
        let pull = -TIME_STEP * particle.distance_squared().powf(-1.5);
        for axis in 0..3 {
            particle.velocity[axis] += pull * particle.position[axis];
        }
        particle.drift();
        particle.steps += 1;
    }
}

/// How many steps all particles have made; `None` where some have made more than others.
#[must_use]
pub fn whole_steps(particles: &[Particle]) -> Option<u64> {
    let steps = particles.first()?.steps;
    particles.iter().all(|particle| particle.steps == steps).then_some(steps)
}

/// The mean energy, which should stay.
#[must_use]
pub fn energy(particles: &[Particle]) -> f64 {
    let sum: f64 = particles.iter().map(|particle| f64::from(particle.energy())).sum();
    sum / particles.len() as f64
}

/// The centre of mass, which should stay near 0.
#[must_use]
pub fn centre(particles: &[Particle]) -> [f64; 3] {
    std::array::from_fn(|axis| {
        let sum: f64 = particles.iter().map(|particle| f64::from(particle.position[axis])).sum();
        sum / particles.len() as f64
    })
}

impl Particle {
    fn drift(&mut self) {
        for axis in 0..3 {
            self.position[axis] += 0.5 * TIME_STEP * self.velocity[axis];
        }
    }

    /// From the centre, softened.
    fn distance_squared(&self) -> f32 {
        let [x, y, z] = self.position;
        x * x + y * y + z * z + SOFTENING * SOFTENING
    }

    fn energy(&self) -> f32 {
        let [x, y, z] = self.velocity;
        0.5 * (x * x + y * y + z * z) - self.distance_squared().sqrt().recip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_moves_every_particle_and_keeps_the_energy() {
        let disc = disc();
        let mut particles = disc.clone();
        for _ in 0..10 {
            step(&mut particles);
        }
        assert_eq!(whole_steps(&particles), Some(10));
        assert!(particles.iter().zip(&disc).all(|(new, old)| new.position != old.position));
        assert!((energy(&particles) - energy(&disc)).abs() < 1e-5);
        assert!(centre(&particles).into_iter().all(|axis| axis.abs() < 0.02));
    }

    #[test]
    fn a_mix_of_two_steps_is_not_whole() {
        let mut particles = disc();
        step(&mut particles[..PARTICLES - 1]);
        assert_eq!(whole_steps(&particles), None);
        step(&mut particles[PARTICLES - 1..]);
        assert_eq!(whole_steps(&particles), Some(1));
        assert_eq!(whole_steps(&[]), None);
    }
}
