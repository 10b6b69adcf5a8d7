//! The picture: latency of whole conversations against load, a line for each quantile.

use std::{fmt::Display, path::Path};

use plotters::prelude::*;

use super::{
    LoadError,
    latency::Summary,
    plan::Load,
    report::{Measured, Report},
};

const SIZE: (u32, u32) = (900, 560);
/// A quantile's name, its colour, and where it stands.
type Line = (&'static str, RGBColor, fn(&Summary) -> f64);
const LINES: [Line; 4] = [
    ("p50", RGBColor(0, 114, 178), |it| it.p50_us),
    ("p90", RGBColor(0, 158, 115), |it| it.p90_us),
    ("p99", RGBColor(230, 159, 0), |it| it.p99_us),
    ("p99.9", RGBColor(213, 94, 0), |it| it.p99_9_us),
];

/// Draws the loads of a report to a file.
pub(super) fn draw(path: &Path, report: &Report) -> Result<(), LoadError> {
    let failed = |why: &dyn Display| LoadError::Picture { path: path.to_owned(), why: why.to_string() };
    let mut text = String::new();
    lines(&mut text, &report.loads, &report.to_string()).map_err(|it| failed(&it))?;
    std::fs::write(path, text).map_err(|it| failed(&it))
}

/// Where a load is drawn: a schedule where it is, kept up with or not, a closed loop where it came to.
#[allow(clippy::cast_precision_loss, reason = "rates are far below 2^52")]
fn across(measured: &Measured) -> f64 {
    match measured.load {
        Load::Rate { per_second, .. } => per_second as f64,
        Load::Clients(_) => measured.conversations_per_second,
    }
}

fn lines(text: &mut String, loads: &[Measured], report: &str) -> Result<(), Box<dyn std::error::Error>> {
    let mut loads: Vec<&Measured> = loads.iter().filter(|it| it.whole.count > 0).collect();
    loads.sort_by(|a, b| across(a).total_cmp(&across(b)));
    let most = loads.last().map_or(1.0, |it| across(it)) * 1.05;
    let slowest = loads.iter().map(|it| it.whole.p99_9_us).fold(1.0, f64::max) / 1_000.0;
    let fastest = loads.iter().map(|it| it.whole.p50_us).fold(f64::INFINITY, f64::min) / 1_000.0;
    let fastest = fastest.clamp(0.01, slowest) / 2.0;
    let area = SVGBackend::with_string(text, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let title = report.lines().next().unwrap_or_default().split(':').next().unwrap_or_default();
    let mut chart = ChartBuilder::on(&area)
        .caption(format!("Latency of a whole conversation: {title}"), ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..most, (fastest..slowest * 2.0).log_scale())?;
    chart.configure_mesh().x_desc("conversations a second").y_desc("ms").draw()?;
    for (name, colour, value) in LINES {
        let points: Vec<(f64, f64)> =
            loads.iter().map(|it| (across(it), value(&it.whole) / 1_000.0)).collect();
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)).point_size(3))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    area.present()?;
    drop(chart);
    Ok(())
}
