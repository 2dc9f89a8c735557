#include "board.h"

// Every file of Sources/Board/Web has its lines here; a test says which one is missing.
static const uint8_t app_js[] = {
#embed "../Board/Web/app.js"
};
static const uint8_t draw_bars_js[] = {
#embed "../Board/Web/draw/bars.js"
};
static const uint8_t draw_fit_js[] = {
#embed "../Board/Web/draw/fit.js"
};
static const uint8_t draw_heatmap_js[] = {
#embed "../Board/Web/draw/heatmap.js"
};
static const uint8_t draw_histogram_js[] = {
#embed "../Board/Web/draw/histogram.js"
};
static const uint8_t draw_legend_js[] = {
#embed "../Board/Web/draw/legend.js"
};
static const uint8_t draw_line_js[] = {
#embed "../Board/Web/draw/line.js"
};
static const uint8_t draw_scale_js[] = {
#embed "../Board/Web/draw/scale.js"
};
static const uint8_t draw_stretch_js[] = {
#embed "../Board/Web/draw/stretch.js"
};
static const uint8_t draw_strip_js[] = {
#embed "../Board/Web/draw/strip.js"
};
static const uint8_t draw_svg_js[] = {
#embed "../Board/Web/draw/svg.js"
};
static const uint8_t draw_timeline_js[] = {
#embed "../Board/Web/draw/timeline.js"
};
static const uint8_t icon_192_png[] = {
#embed "../Board/Web/icon-192.png"
};
static const uint8_t icon_512_png[] = {
#embed "../Board/Web/icon-512.png"
};
static const uint8_t icon_maskable_512_png[] = {
#embed "../Board/Web/icon-maskable-512.png"
};
static const uint8_t icon_svg[] = {
#embed "../Board/Web/icon.svg"
};
static const uint8_t index_html[] = {
#embed "../Board/Web/index.html"
};
static const uint8_t lib_api_js[] = {
#embed "../Board/Web/lib/api.js"
};
static const uint8_t lib_compare_js[] = {
#embed "../Board/Web/lib/compare.js"
};
static const uint8_t lib_dom_js[] = {
#embed "../Board/Web/lib/dom.js"
};
static const uint8_t lib_format_js[] = {
#embed "../Board/Web/lib/format.js"
};
static const uint8_t lib_late_js[] = {
#embed "../Board/Web/lib/late.js"
};
static const uint8_t lib_live_js[] = {
#embed "../Board/Web/lib/live.js"
};
static const uint8_t lib_menus_js[] = {
#embed "../Board/Web/lib/menus.js"
};
static const uint8_t lib_names_js[] = {
#embed "../Board/Web/lib/names.js"
};
static const uint8_t lib_panel_js[] = {
#embed "../Board/Web/lib/panel.js"
};
static const uint8_t lib_paths_js[] = {
#embed "../Board/Web/lib/paths.js"
};
static const uint8_t lib_sites_js[] = {
#embed "../Board/Web/lib/sites.js"
};
static const uint8_t lib_state_js[] = {
#embed "../Board/Web/lib/state.js"
};
static const uint8_t lib_stations_js[] = {
#embed "../Board/Web/lib/stations.js"
};
static const uint8_t lib_text_js[] = {
#embed "../Board/Web/lib/text.js"
};
static const uint8_t lib_theme_js[] = {
#embed "../Board/Web/lib/theme.js"
};
static const uint8_t lib_tiles_js[] = {
#embed "../Board/Web/lib/tiles.js"
};
static const uint8_t lib_tip_js[] = {
#embed "../Board/Web/lib/tip.js"
};
static const uint8_t lib_toast_js[] = {
#embed "../Board/Web/lib/toast.js"
};
static const uint8_t lib_window_js[] = {
#embed "../Board/Web/lib/window.js"
};
static const uint8_t manifest_webmanifest[] = {
#embed "../Board/Web/manifest.webmanifest"
};
static const uint8_t pages_data_js[] = {
#embed "../Board/Web/pages/data.js"
};
static const uint8_t pages_edges_js[] = {
#embed "../Board/Web/pages/edges.js"
};
static const uint8_t pages_health_js[] = {
#embed "../Board/Web/pages/health.js"
};
static const uint8_t pages_site_js[] = {
#embed "../Board/Web/pages/site.js"
};
static const uint8_t pages_sites_js[] = {
#embed "../Board/Web/pages/sites.js"
};
static const uint8_t pages_station_js[] = {
#embed "../Board/Web/pages/station.js"
};
static const uint8_t pages_worker_js[] = {
#embed "../Board/Web/pages/worker.js"
};
static const uint8_t panels_alerts_js[] = {
#embed "../Board/Web/panels/alerts.js"
};
static const uint8_t panels_axis_js[] = {
#embed "../Board/Web/panels/axis.js"
};
static const uint8_t panels_banners_js[] = {
#embed "../Board/Web/panels/banners.js"
};
static const uint8_t panels_cameras_js[] = {
#embed "../Board/Web/panels/cameras.js"
};
static const uint8_t panels_edges_js[] = {
#embed "../Board/Web/panels/edges.js"
};
static const uint8_t panels_evidence_js[] = {
#embed "../Board/Web/panels/evidence.js"
};
static const uint8_t panels_follow_js[] = {
#embed "../Board/Web/panels/follow.js"
};
static const uint8_t panels_freshness_js[] = {
#embed "../Board/Web/panels/freshness.js"
};
static const uint8_t panels_grid_js[] = {
#embed "../Board/Web/panels/grid.js"
};
static const uint8_t panels_header_js[] = {
#embed "../Board/Web/panels/header.js"
};
static const uint8_t panels_health_cameras_js[] = {
#embed "../Board/Web/panels/health-cameras.js"
};
static const uint8_t panels_health_drift_js[] = {
#embed "../Board/Web/panels/health-drift.js"
};
static const uint8_t panels_health_heatmap_js[] = {
#embed "../Board/Web/panels/health-heatmap.js"
};
static const uint8_t panels_health_line_js[] = {
#embed "../Board/Web/panels/health-line.js"
};
static const uint8_t panels_health_question_js[] = {
#embed "../Board/Web/panels/health-question.js"
};
static const uint8_t panels_health_status_js[] = {
#embed "../Board/Web/panels/health-status.js"
};
static const uint8_t panels_heatmap_js[] = {
#embed "../Board/Web/panels/heatmap.js"
};
static const uint8_t panels_kpi_js[] = {
#embed "../Board/Web/panels/kpi.js"
};
static const uint8_t panels_leaders_js[] = {
#embed "../Board/Web/panels/leaders.js"
};
static const uint8_t panels_ledger_js[] = {
#embed "../Board/Web/panels/ledger.js"
};
static const uint8_t panels_log_pages_js[] = {
#embed "../Board/Web/panels/log-pages.js"
};
static const uint8_t panels_log_row_js[] = {
#embed "../Board/Web/panels/log-row.js"
};
static const uint8_t panels_log_js[] = {
#embed "../Board/Web/panels/log.js"
};
static const uint8_t panels_now_js[] = {
#embed "../Board/Web/panels/now.js"
};
static const uint8_t panels_parts_js[] = {
#embed "../Board/Web/panels/parts.js"
};
static const uint8_t panels_quarantine_js[] = {
#embed "../Board/Web/panels/quarantine.js"
};
static const uint8_t panels_rebuilds_js[] = {
#embed "../Board/Web/panels/rebuilds.js"
};
static const uint8_t panels_report_links_js[] = {
#embed "../Board/Web/panels/report-links.js"
};
static const uint8_t panels_seek_js[] = {
#embed "../Board/Web/panels/seek.js"
};
static const uint8_t panels_shifts_js[] = {
#embed "../Board/Web/panels/shifts.js"
};
static const uint8_t panels_signin_js[] = {
#embed "../Board/Web/panels/signin.js"
};
static const uint8_t panels_sites_js[] = {
#embed "../Board/Web/panels/sites.js"
};
static const uint8_t panels_station_figures_js[] = {
#embed "../Board/Web/panels/station-figures.js"
};
static const uint8_t panels_station_timeline_js[] = {
#embed "../Board/Web/panels/station-timeline.js"
};
static const uint8_t panels_subject_head_js[] = {
#embed "../Board/Web/panels/subject-head.js"
};
static const uint8_t panels_subject_history_js[] = {
#embed "../Board/Web/panels/subject-history.js"
};
static const uint8_t panels_subject_trend_js[] = {
#embed "../Board/Web/panels/subject-trend.js"
};
static const uint8_t panels_timebar_js[] = {
#embed "../Board/Web/panels/timebar.js"
};
static const uint8_t panels_timeline_base_js[] = {
#embed "../Board/Web/panels/timeline-base.js"
};
static const uint8_t panels_trend_js[] = {
#embed "../Board/Web/panels/trend.js"
};
static const uint8_t panels_wall_js[] = {
#embed "../Board/Web/panels/wall.js"
};
static const uint8_t panels_worker_figures_js[] = {
#embed "../Board/Web/panels/worker-figures.js"
};
static const uint8_t panels_worker_timeline_js[] = {
#embed "../Board/Web/panels/worker-timeline.js"
};
static const uint8_t service_worker_js[] = {
#embed "../Board/Web/service-worker.js"
};
static const uint8_t style_base_css[] = {
#embed "../Board/Web/style/base.css"
};
static const uint8_t style_draw_css[] = {
#embed "../Board/Web/style/draw.css"
};
static const uint8_t style_pages_css[] = {
#embed "../Board/Web/style/pages.css"
};
static const uint8_t style_panels_css[] = {
#embed "../Board/Web/style/panels.css"
};
static const uint8_t style_print_css[] = {
#embed "../Board/Web/style/print.css"
};
static const uint8_t text_de_js[] = {
#embed "../Board/Web/text/de.js"
};
static const uint8_t text_en_js[] = {
#embed "../Board/Web/text/en.js"
};

// Debian's libjs-dygraphs. Without it the board draws its charts by itself.
#define DYGRAPH_JS "/usr/share/javascript/dygraphs/dygraph.min.js"
#define DYGRAPH_CSS "/usr/share/javascript/dygraphs/dygraph.min.css"
#if __has_embed(DYGRAPH_JS) && __has_embed(DYGRAPH_CSS)
#define HAS_DYGRAPHS 1
static const uint8_t dygraph_js[] = {
#embed DYGRAPH_JS
};
static const uint8_t dygraph_css[] = {
#embed DYGRAPH_CSS
};
#endif

#define FILE_OF(name, bytes) {name, bytes, sizeof(bytes)}

static const struct andon_board_file files[] = {
    FILE_OF("app.js", app_js),
    FILE_OF("draw/bars.js", draw_bars_js),
    FILE_OF("draw/fit.js", draw_fit_js),
    FILE_OF("draw/heatmap.js", draw_heatmap_js),
    FILE_OF("draw/histogram.js", draw_histogram_js),
    FILE_OF("draw/legend.js", draw_legend_js),
    FILE_OF("draw/line.js", draw_line_js),
    FILE_OF("draw/scale.js", draw_scale_js),
    FILE_OF("draw/stretch.js", draw_stretch_js),
    FILE_OF("draw/strip.js", draw_strip_js),
    FILE_OF("draw/svg.js", draw_svg_js),
    FILE_OF("draw/timeline.js", draw_timeline_js),
    FILE_OF("icon-192.png", icon_192_png),
    FILE_OF("icon-512.png", icon_512_png),
    FILE_OF("icon-maskable-512.png", icon_maskable_512_png),
    FILE_OF("icon.svg", icon_svg),
    FILE_OF("index.html", index_html),
    FILE_OF("lib/api.js", lib_api_js),
    FILE_OF("lib/compare.js", lib_compare_js),
    FILE_OF("lib/dom.js", lib_dom_js),
    FILE_OF("lib/format.js", lib_format_js),
    FILE_OF("lib/late.js", lib_late_js),
    FILE_OF("lib/live.js", lib_live_js),
    FILE_OF("lib/menus.js", lib_menus_js),
    FILE_OF("lib/names.js", lib_names_js),
    FILE_OF("lib/panel.js", lib_panel_js),
    FILE_OF("lib/paths.js", lib_paths_js),
    FILE_OF("lib/sites.js", lib_sites_js),
    FILE_OF("lib/state.js", lib_state_js),
    FILE_OF("lib/stations.js", lib_stations_js),
    FILE_OF("lib/text.js", lib_text_js),
    FILE_OF("lib/theme.js", lib_theme_js),
    FILE_OF("lib/tiles.js", lib_tiles_js),
    FILE_OF("lib/tip.js", lib_tip_js),
    FILE_OF("lib/toast.js", lib_toast_js),
    FILE_OF("lib/window.js", lib_window_js),
    FILE_OF("manifest.webmanifest", manifest_webmanifest),
    FILE_OF("pages/data.js", pages_data_js),
    FILE_OF("pages/edges.js", pages_edges_js),
    FILE_OF("pages/health.js", pages_health_js),
    FILE_OF("pages/site.js", pages_site_js),
    FILE_OF("pages/sites.js", pages_sites_js),
    FILE_OF("pages/station.js", pages_station_js),
    FILE_OF("pages/worker.js", pages_worker_js),
    FILE_OF("panels/alerts.js", panels_alerts_js),
    FILE_OF("panels/axis.js", panels_axis_js),
    FILE_OF("panels/banners.js", panels_banners_js),
    FILE_OF("panels/cameras.js", panels_cameras_js),
    FILE_OF("panels/edges.js", panels_edges_js),
    FILE_OF("panels/evidence.js", panels_evidence_js),
    FILE_OF("panels/follow.js", panels_follow_js),
    FILE_OF("panels/freshness.js", panels_freshness_js),
    FILE_OF("panels/grid.js", panels_grid_js),
    FILE_OF("panels/header.js", panels_header_js),
    FILE_OF("panels/health-cameras.js", panels_health_cameras_js),
    FILE_OF("panels/health-drift.js", panels_health_drift_js),
    FILE_OF("panels/health-heatmap.js", panels_health_heatmap_js),
    FILE_OF("panels/health-line.js", panels_health_line_js),
    FILE_OF("panels/health-question.js", panels_health_question_js),
    FILE_OF("panels/health-status.js", panels_health_status_js),
    FILE_OF("panels/heatmap.js", panels_heatmap_js),
    FILE_OF("panels/kpi.js", panels_kpi_js),
    FILE_OF("panels/leaders.js", panels_leaders_js),
    FILE_OF("panels/ledger.js", panels_ledger_js),
    FILE_OF("panels/log-pages.js", panels_log_pages_js),
    FILE_OF("panels/log-row.js", panels_log_row_js),
    FILE_OF("panels/log.js", panels_log_js),
    FILE_OF("panels/now.js", panels_now_js),
    FILE_OF("panels/parts.js", panels_parts_js),
    FILE_OF("panels/quarantine.js", panels_quarantine_js),
    FILE_OF("panels/rebuilds.js", panels_rebuilds_js),
    FILE_OF("panels/report-links.js", panels_report_links_js),
    FILE_OF("panels/seek.js", panels_seek_js),
    FILE_OF("panels/shifts.js", panels_shifts_js),
    FILE_OF("panels/signin.js", panels_signin_js),
    FILE_OF("panels/sites.js", panels_sites_js),
    FILE_OF("panels/station-figures.js", panels_station_figures_js),
    FILE_OF("panels/station-timeline.js", panels_station_timeline_js),
    FILE_OF("panels/subject-head.js", panels_subject_head_js),
    FILE_OF("panels/subject-history.js", panels_subject_history_js),
    FILE_OF("panels/subject-trend.js", panels_subject_trend_js),
    FILE_OF("panels/timebar.js", panels_timebar_js),
    FILE_OF("panels/timeline-base.js", panels_timeline_base_js),
    FILE_OF("panels/trend.js", panels_trend_js),
    FILE_OF("panels/wall.js", panels_wall_js),
    FILE_OF("panels/worker-figures.js", panels_worker_figures_js),
    FILE_OF("panels/worker-timeline.js", panels_worker_timeline_js),
    FILE_OF("service-worker.js", service_worker_js),
    FILE_OF("style/base.css", style_base_css),
    FILE_OF("style/draw.css", style_draw_css),
    FILE_OF("style/pages.css", style_pages_css),
    FILE_OF("style/panels.css", style_panels_css),
    FILE_OF("style/print.css", style_print_css),
    FILE_OF("text/de.js", text_de_js),
    FILE_OF("text/en.js", text_en_js),
#if HAS_DYGRAPHS
    FILE_OF("lib/dygraph.js", dygraph_js),
    FILE_OF("lib/dygraph.css", dygraph_css),
#endif
};

size_t andon_board_file_count(void) { return sizeof(files) / sizeof(files[0]); }

struct andon_board_file andon_board_file(size_t index) { return files[index]; }
