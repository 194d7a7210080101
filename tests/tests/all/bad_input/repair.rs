//! Repair: each case mends what it says, loses what it says, and leaves a file that is fine; and what can't be
//! helped isn't touched.
