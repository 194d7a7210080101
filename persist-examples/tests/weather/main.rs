//! The weather example as functions: on the real data, and on broken data.

mod csv;
mod job;
