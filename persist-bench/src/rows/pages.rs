//! One element changed in each of some random pages, and a commit, beside databases that change as many
//! values of about a page each.

use anyhow::{Result, ensure};

use super::{Setup, entries, random_pages};
use crate::column::Edits;
use crate::measure::{rounds, time, turn};
use crate::peers::lmdb::Lmdb;
use crate::peers::persist;
use crate::peers::redb::Redb;
use crate::peers::sqlite::Sqlite;
use crate::peers::{Kind, Peer};
use crate::report::{Entry, Report, Unit};

/// How much of any database's time persist may take: ahead of it, however it is changed.
const GOAL: f64 = 1.0;

/// The same where it is changed by index.
const GOAL_BY_INDEX: f64 = 0.6;

/// How many pages a transaction changes, and how many transactions a turn is at most.
const TRANSACTIONS: [(usize, u64); 3] = [(1, 200), (100, 30), (10_000, 2)];

/// Transactions before all: so many that no log or journal grows later, and no list of free pages is empty.
const WARM_UP: (usize, u64) = (100, 30);

pub(super) fn run(setup: &Setup, report: &mut Report) -> Result<()> {
    let directory = setup.scratch()?;
    let (path, pages) = (directory.path(), setup.pages());
    let vector = |edits| setup.vector(&directory, setup.file_len(), edits);
    // The order of the turns.
    let mut peers: [Box<dyn Peer>; 5] = [
        Box::new(vector(Edits::ByIndex)?),
        Box::new(Lmdb::loaded(path, pages)?),
        Box::new(Redb::loaded(path, pages)?),
        Box::new(Sqlite::loaded(path, pages, setup.journal_bytes)?),
        Box::new(vector(Edits::BySlice)?),
    ];

    let (count, transactions) = WARM_UP;
    for peer in &mut peers {
        for stamp in 1..=transactions {
            peer.update(&random_pages(stamp, count, pages), stamp)?;
        }
    }
    setup.settle()?;

    // No two transactions have a stamp in common, so that none writes what is there already.
    let mut last_stamp = transactions;
    for (count, transactions) in TRANSACTIONS {
        let times = rounds(setup.rounds, &mut peers, |peer, round| {
            if round == 1 {
                // What was done before is no one's to pay for.
                peer.checkpoint()?;
            }
            let transaction = |number| {
                let stamp = last_stamp + u64::from(round) * transactions + number + 1;
                let chosen = random_pages(stamp, count, pages);
                let time = time(|| peer.update(&chosen, stamp))?;
                ensure!(peer.stamp(chosen[0])? == stamp, "{} lost an update", peer.name());
                Ok(time)
            };
            turn(transactions, transaction)
        })?;
        last_stamp += u64::from(setup.rounds + 1) * transactions;

        let heading = match count {
            1 => "1 changed page and commit".to_owned(),
            _ => format!("{count} changed pages and commit"),
        };
        let names = peers.iter().map(|peer| (peer.name(), peer.kind()));
        let entries = entries(names, times);
        let entries = with_rests(&mut peers, entries)?;
        report.row(&heading, Unit::Nanoseconds, entries);
        goals(report, &heading, &peers);
    }
    Ok(())
}

/// Whichever way persist is used, beside each of the databases.
fn goals(report: &mut Report, heading: &str, peers: &[Box<dyn Peer>]) {
    for database in peers.iter().filter(|peer| peer.kind() == Kind::Database) {
        for edits in Edits::BOTH {
            report.ratio(heading, persist::name(edits), &database.name(), Some(GOAL));
        }
        let by_index = persist::name(Edits::ByIndex);
        report.ratio(heading, by_index, &database.name(), Some(GOAL_BY_INDEX));
    }
}

/// Has each of the peers pay for what its transactions left in a log.
fn with_rests(peers: &mut [Box<dyn Peer>], entries: Vec<Entry>) -> Result<Vec<Entry>> {
    let with_rest = |(peer, entry): (&mut Box<dyn Peer>, Entry)| {
        let rest = time(|| peer.checkpoint())?;
        Ok(Entry { times: entry.times.with_rest(rest), ..entry })
    };
    peers.iter_mut().zip(entries).map(with_rest).collect()
}
