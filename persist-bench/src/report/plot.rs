//! Plots as SVG. Their text stays text, so that no font is needed here.

use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{Entry, Group, Row, Unit, quantity};
use crate::peers::Kind;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

const WIDTH: i32 = 1000;
const LABEL_WIDTH: i32 = 340;
/// Room right of the longest bar, for its figure.
const FIGURE_WIDTH: i32 = 90;
const LINE: i32 = 18;
const MARGIN: i32 = 12;
/// The sizes of text are of a line of it: letters are a fifth smaller.
const TEXT: i32 = 15;

/// Bars for each row, as long as the logarithm of what was taken, with a line from the least to the most.
pub(super) fn group(group: &Group, path: &Path) -> Result<()> {
    let lines: i32 = group.rows.iter().map(|row| row.entries.len() as i32 + 2).sum();
    draw(path, 2 * MARGIN + LINE * (lines + 1), |area| {
        text(
            area,
            (MARGIN, MARGIN),
            TEXT + 3,
            HPos::Left,
            &format!("{} (logarithmic)", group.name),
        )?;
        let mut top = MARGIN + LINE * 3 / 2;
        for row in &group.rows {
            bars(area, top, row)?;
            top += LINE * (row.entries.len() as i32 + 2);
        }
        Ok(())
    })
}

fn bars(area: &Area<'_>, top: i32, row: &Row) -> Result<()> {
    text(area, (MARGIN, top + LINE / 2), TEXT + 1, HPos::Left, &row.heading)?;
    if row.entries.is_empty() {
        return Ok(());
    }
    let least = row.entries.iter().map(|entry| entry.times.min()).fold(f64::MAX, f64::min);
    let most = row.entries.iter().map(|entry| entry.times.max()).fold(0.0, f64::max);
    // A decade at least, and the shortest bar is not nothing.
    let scale = Scale::new(least.max(1e-3) / 2.0, most.max(10.0 * least), LABEL_WIDTH);
    for (line, entry) in (1..).zip(&row.entries) {
        bar(area, top + LINE * line, &scale, row.unit, entry)?;
    }
    Ok(())
}

fn bar(area: &Area<'_>, top: i32, scale: &Scale, unit: Unit, entry: &Entry) -> Result<()> {
    let middle = top + LINE / 2;
    let (min, median, max) = (entry.times.min(), entry.times.median(), entry.times.max());
    text(area, (LABEL_WIDTH - 8, middle), TEXT, HPos::Right, &entry.name)?;
    let corners = [(LABEL_WIDTH, top + 3), (scale.x(median), top + LINE - 3)];
    area.draw(&Rectangle::new(corners, colour(entry.kind).filled()))?;
    let noise = [(scale.x(min), middle), (scale.x(max), middle)];
    area.draw(&PathElement::new(noise, BLACK.stroke_width(1)))?;
    let figure = quantity(unit, median);
    text(area, (scale.x(max) + 6, middle), TEXT, HPos::Left, &figure)
}

/// For each row, how many times as long as persist each of the others took.
pub(super) fn ratios(rows: Vec<&Row>, path: &Path) -> Result<()> {
    let rows: Vec<_> = rows.into_iter().filter_map(ratios_of).collect();
    let height = 2 * MARGIN + LINE * (rows.len() as i32 + 5);
    draw(path, height, |area| {
        let title = "How many times as long as persist the others take (logarithmic)";
        text(area, (MARGIN, MARGIN), TEXT + 3, HPos::Left, title)?;
        legend(area, MARGIN + LINE * 3 / 2)?;
        let all = || rows.iter().flat_map(|(_, ratios)| ratios.iter().map(|(_, ratio)| *ratio));
        let (least, most) = (all().fold(0.5, f64::min), all().fold(10.0, f64::max));
        let scale = Scale::new(least, most, LABEL_WIDTH);
        let (top, bottom) = (MARGIN + LINE * 3, height - MARGIN - LINE);
        axis(area, &scale, top, bottom)?;
        for (line, (heading, ratios)) in (0..).zip(&rows) {
            let middle = top + LINE * line + LINE / 2;
            text(area, (LABEL_WIDTH - 8, middle), TEXT - 1, HPos::Right, heading)?;
            for &(kind, ratio) in ratios {
                let place = (scale.x(ratio), middle);
                area.draw(&Circle::new(place, 4, colour(kind).filled()))?;
            }
        }
        Ok(())
    })
}

/// The heading of a row, and each other's time divided by persist's. None where persist has no part in it.
fn ratios_of(row: &Row) -> Option<(&str, Vec<(Kind, f64)>)> {
    let persist = row.entries.iter().find(|entry| entry.kind == Kind::Persist)?;
    let others = row.entries.iter().filter(|entry| entry.kind != Kind::Persist);
    let ratio = |entry: &Entry| (entry.kind, entry.times.median() / persist.times.median());
    let ratios: Vec<_> = others.map(ratio).filter(|(_, ratio)| *ratio > 0.0).collect();
    (!ratios.is_empty()).then_some((row.heading.as_str(), ratios))
}

fn legend(area: &Area<'_>, middle: i32) -> Result<()> {
    let kinds = [
        (Kind::Persist, "persist = 1"),
        (Kind::Floor, "Vec, memmap2, system calls"),
        (Kind::Vector, "vectors in mapped files"),
        (Kind::Serializer, "archives"),
        (Kind::Database, "databases"),
    ];
    let mut left = MARGIN;
    for (kind, name) in kinds {
        area.draw(&Circle::new((left + 4, middle), 4, colour(kind).filled()))?;
        text(area, (left + 14, middle), TEXT, HPos::Left, name)?;
        left += 32 + 7 * name.len() as i32;
    }
    Ok(())
}

/// A line at each power of ten, and persist's own.
fn axis(area: &Area<'_>, scale: &Scale, top: i32, bottom: i32) -> Result<()> {
    for power in scale.powers() {
        let ratio = 10f64.powi(power);
        let x = scale.x(ratio);
        let style =
            if power == 0 { colour(Kind::Persist).stroke_width(2) } else { GREY.stroke_width(1) };
        area.draw(&PathElement::new([(x, top), (x, bottom)], style))?;
        text(area, (x, bottom + LINE / 2), TEXT, HPos::Center, &format!("×{ratio}"))?;
    }
    Ok(())
}

const GREY: RGBColor = RGBColor(0xc8, 0xc8, 0xc8);

fn colour(kind: Kind) -> RGBColor {
    match kind {
        Kind::Persist => RGBColor(0xd5, 0x5e, 0x00),
        Kind::Floor => RGBColor(0x80, 0x80, 0x80),
        Kind::Vector => RGBColor(0x00, 0x72, 0xb2),
        Kind::Serializer => RGBColor(0x00, 0x9e, 0x73),
        Kind::Database => RGBColor(0xcc, 0x79, 0xa7),
    }
}

/// A logarithmic scale over the width that labels leave.
struct Scale {
    left: i32,
    least: f64,
    most: f64,
}

impl Scale {
    fn new(least: f64, most: f64, left: i32) -> Self {
        Self { left, least: least.log10(), most: most.log10() }
    }

    fn x(&self, value: f64) -> i32 {
        let width = f64::from(WIDTH - FIGURE_WIDTH - self.left);
        let share = (value.max(f64::MIN_POSITIVE).log10() - self.least) / (self.most - self.least);
        self.left + (width * share.clamp(0.0, 1.0)) as i32
    }

    /// The powers of ten on it.
    fn powers(&self) -> std::ops::RangeInclusive<i32> {
        self.least.ceil() as i32..=self.most.floor() as i32
    }
}

fn draw(path: &Path, height: i32, content: impl FnOnce(&Area<'_>) -> Result<()>) -> Result<()> {
    let area = SVGBackend::new(path, (WIDTH as u32, height as u32)).into_drawing_area();
    area.fill(&WHITE).map_err(|error| anyhow!("{error}"))?;
    content(&area)?;
    area.present().map_err(|error| anyhow!("can't write `{}`: {error}", path.display()))
}

/// Text whose middle is at a place.
fn text(area: &Area<'_>, place: (i32, i32), size: i32, side: HPos, text: &str) -> Result<()> {
    let style = ("sans-serif", size).into_text_style(area).pos(Pos::new(side, VPos::Center));
    Ok(area.draw_text(text, &style, place)?)
}
