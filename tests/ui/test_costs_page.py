"""The Costs page in the real window: inputs, key figures, chart, checks, scenarios, files."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMenu

from steelyard.core.base.errors import UsageError
from steelyard.core.values import cost_commands as cc
from steelyard.core.values.costs import CostProfile, CostScenario, HardwarePart, RatesPart, WorkloadPart
from steelyard.ui.pages.costs import CostsPage
from steelyard.ui.pages.costs_break_even_words import days_words
from steelyard.ui.pages.costs_inputs_keys import all_fields, mix_of_share, parsed, share_of_mix, shown
from steelyard.ui.pages.costs_inputs_profile import keys_of, origin_of, overlaid, value_of, with_value
from steelyard.ui.pages.costs_inputs_summary import summaries
from steelyard.ui.widgets.cost_axis import LogAxis
from steelyard.ui.widgets.cost_figure import FigureCard, KeyFigure
from steelyard.ui.widgets.cost_format import percent, tokens, usd, usd_short, usd_signed
from steelyard.ui.widgets.cost_picture import picture_of, value_at
from ui import scripted_costs as script

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QLineEdit
    from pytestqt.qtbot import QtBot

    from steelyard.ui.main_window import MainWindow
    from steelyard.ui.theme.theme import Theme
    from ui.fake_engine import FakeEngine


class CostsDesk:
    """The page, and hands that type and click."""

    def __init__(self, qtbot: QtBot, window: MainWindow, engine: FakeEngine) -> None:
        self.qtbot, self.window, self.engine = qtbot, window, engine
        self.costs = engine.costs

    def open(self) -> CostsPage:
        self.window.show_page("costs")
        page = self.window.page("costs")
        assert isinstance(page, CostsPage)
        self.page = page
        self.qtbot.waitUntil(lambda: self.tab.desk.is_loaded and bool(self.tab.desk.presets))
        self.settle()
        return page

    def open_g11(self) -> CostsPage:
        self.costs.stored = [script.G11]
        page = self.open()
        self.tab.desk.open_stored(script.G11.id)
        self.settle()
        return page

    @property
    def tab(self) -> Any:
        return self.page.break_even

    def edit(self, key: str) -> QLineEdit:
        inputs = self.tab.inputs
        rows = (
            *inputs.number_rows(),
            *inputs.people.rows.values(),
            inputs.workload.volume,
            inputs.workload.cached,
        )
        return next(row.edits[key] for row in rows if key in row.edits)

    def type(self, key: str, text: str) -> None:
        edit = self.edit(key)
        edit.selectAll()
        QTest.keyClick(edit, Qt.Key.Key_Delete)
        QTest.keyClicks(edit, text)
        self.settle()

    def settle(self) -> None:
        """Until everything that was typed is answered, without waiting for the user to type on."""
        desk = self.tab.desk
        if desk._timer.isActive():
            desk.analyse()
        self.qtbot.waitUntil(lambda: not desk._analysis.is_busy)

    def figures(self) -> list[tuple[str, str, str]]:
        figures = [card.figure for card in self.tab.results.cards]
        return [(figure.title, figure.value, figure.below) for figure in figures]

    def tags(self, key: str) -> list[str]:
        rows = (
            *self.tab.inputs.number_rows(),
            self.tab.inputs.workload.volume,
            self.tab.inputs.workload.cached,
        )
        row = next(row for row in rows if key in row.edits)
        return [tag.text() for tag in row.head.tags if not tag.isHidden()]


@pytest.fixture
def costs(qtbot: QtBot, window: MainWindow, fake_engine: FakeEngine) -> CostsDesk:
    return CostsDesk(qtbot, window, fake_engine)


def test_nothing_known_shows_no_figures_but_the_way_to_some(costs: CostsDesk) -> None:
    costs.open()
    assert costs.tab.shown == "empty"
    assert not costs.engine.of_type(cc.AnalyseCosts)
    assert not costs.page.title_widget.export.isEnabled()
    assert "No run in the ledger yet" in costs.tab.inputs.foot.measured.text()
    costs.tab.preset_button.click()
    menu = costs.tab.findChild(QMenu)
    names = [action.text() for action in menu.actions()]
    assert names == [preset.name for preset in costs.costs.presets]
    menu.actions()[0].trigger()
    costs.settle()
    assert costs.tab.shown == "figures"
    first = costs.costs.presets[0]
    assert costs.tab.inputs.preset.value == first.id
    assert first.quote in costs.tab.inputs.quote.text()
    assert first.source in costs.tab.inputs.quote.text()
    capex = first.profile.hardware.capex_usd
    assert capex is not None
    assert parsed(costs.edit("hardware.capex_usd").text(), all_fields()[0]) == capex
    assert costs.tags("hardware.capex_usd") == ["preset"]


def test_desktop_shows_the_golden_numbers(costs: CostsDesk) -> None:
    costs.open_g11()
    self_host, configured, second, saving = costs.figures()
    assert self_host == ("Self-host, all-in", "$159.14", "$1.66/M at 20 %, mix 3:1, 1 stream")
    assert configured == ("Break-even, gpt-4o", "35.4 M", "7.4 % utilisation is enough")
    assert second == ("Break-even, gpt-4o-mini", "never", "needs 168 % of this machine")
    assert saving[1] == "$259.23"
    assert "P(cheaper) > 99 %, clear" in saving[2]
    assert costs.tab.inputs.rows[0].below.text() == "$2,500, 36 months, 20 % left: $55.56/mo"


def test_no_price_per_token_without_what_it_depends_on(costs: CostsDesk) -> None:
    costs.open_g11()
    costs.type("rates.gen_tps", "")
    costs.type("workload.tokens_month", "95.6")
    assert costs.figures()[0][2] == "no price per token without speed"
    assert all("/M at" not in text for _, _, text in costs.figures())


def test_chart_marks_break_even_volume_capacity_and_what_never_pays_off(costs: CostsDesk) -> None:
    costs.open_g11()
    chart = costs.tab.results.chart
    picture = chart.picture
    assert picture.break_even.at == pytest.approx(35.365e6, rel=1e-3)
    assert picture.break_even.low < picture.break_even.at < picture.break_even.high
    assert picture.volume.at == pytest.approx(95.629e6, rel=1e-4)
    assert picture.volume.payback == "paid back in 7.9 months"
    assert picture.full.at == pytest.approx(478.145e6, rel=1e-4)
    assert picture.never.title == "gpt-4o-mini: never on this machine"
    assert "168 % of its capacity" in picture.never.why
    assert [line.name for line in picture.apis] == ["gpt-4o", "gpt-4o-mini"]
    before, after = value_at(picture.self_points, 478.1e6), value_at(picture.self_points, 478.2e6)
    assert after - before > 150  # upright: the second machine with its own people
    assert len(picture.band) > 10
    assert picture.hybrid
    assert "Break-even against gpt-4o at 35.4 M" in chart.accessibleDescription()
    image = chart.grab().toImage()
    colors = {
        image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(image.height())
    }
    theme = costs.window._theme
    assert {theme.color(name).name() for name in ("s1", "s2", "s3", "s4")} <= colors


def test_keys_and_pointer_read_single_volumes(costs: CostsDesk) -> None:
    costs.open_g11()
    chart = costs.tab.results.chart
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Right)
    first = chart.cursor_row.tokens_month
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.cursor_row.tokens_month > first
    QTest.keyClick(chart, Qt.Key.Key_Escape)
    assert chart.cursor_row is None
    QTest.mouseMove(chart, QPoint(chart.width() // 2, chart.height() // 2))
    costs.qtbot.waitUntil(lambda: chart.cursor_row is not None)
    assert chart.grab().toImage().width() > 0


def test_switch_changes_what_is_compared_and_says_why_one_cannot(costs: CostsDesk) -> None:
    costs.open_g11()
    results = costs.tab.results
    passing = results.switch.button("passing")
    assert not passing.isEnabled()
    assert "until a suite has been run" in passing.toolTip()
    results.switch.button("hosted").click()
    assert costs.figures()[1][0] == "Break-even, gpt-4o-mini"
    assert costs.figures()[2][0] == "Break-even, gpt-4o"
    assert results.chart.picture.break_even is None
    assert results.chart.picture.never.is_chosen
    assert "more a month" in results.cards[3].figure.unit


def test_every_crossing_is_marked_and_the_last_one_stable(costs: CostsDesk) -> None:
    costs.open_g11()
    costs.type("people.hours_month", "30")
    marks = costs.tab.results.chart.picture.crossings
    known = costs.tab.desk.analysis.against[0].curve.crossings
    assert len(marks) == len(known) > 3
    assert [mark.at for mark in marks] == [crossing.tokens_month for crossing in known]
    assert marks[-1].words.endswith("stable above")
    assert [mark.is_stable for mark in marks] == [False] * (len(marks) - 1) + [True]
    assert costs.tab.results.chart_note.text().startswith(f"{len(marks)} crossings.")
    assert costs.tab.results.chart.grab().width() > 0


def test_table_has_winners_and_is_copied(costs: CostsDesk) -> None:
    page = costs.open_g11()
    lines = costs.tab.results.table.lines.lines
    assert [tokens(line.tokens_month) for line in lines] == ["10 M", "100 M", "500 M", "1 B", "5 B", "10 B"]
    assert [line.winner_text for line in lines] == ["gpt-4o", *["Self-host"] * 5]
    assert [usd_short(line.api_usd) for line in lines[:3]] == ["$43.75", "$438", "$2,188"]
    assert "within 10 %" in costs.tab.results.table_note.text()
    page.copy_table()
    rows = QGuiApplication.clipboard().text().splitlines()
    assert rows[0].split("\t")[:2] == ["tokens_month", "gpt-4o usd"]
    assert rows[1].split("\t")[:2] == ["10000000", lines[0].api_usd]


def test_tornado_names_what_moves_the_saving(costs: CostsDesk) -> None:
    costs.open_g11()
    bars = costs.tab.results.tornado.bars
    spans = [abs(bar.high_usd - bar.low_usd) for bar in bars]
    assert spans == sorted(spans, reverse=True)
    names = [bar.name for bar in bars]
    assert {"API price", "Volume", "Mix", "People"} <= set(names)
    assert next(bar.range for bar in bars if bar.name == "Hardware price") == "$2,000 to $3,000"
    assert costs.tab.results.tornado.grab().width() > 0


def test_typed_number_is_the_users_and_reset_measured_again(costs: CostsDesk) -> None:
    costs.costs.measured = script.MEASURED
    costs.open()
    assert costs.tags("workload.tokens_month") == ["measured"]
    assert costs.edit("workload.tokens_month").text() == "95.63"
    assert "30 days of your ledger, 41,860 requests" in costs.tab.inputs.foot.measured.text()
    assert costs.tab.shown == "costless"  # nothing says what the machine costs, and $0 is not it
    costs.type("hardware.capex_usd", "2,500")
    costs.type("hardware.life_months", "36")
    assert costs.tab.shown == "figures"
    costs.type("workload.tokens_month", "1.2B")
    costs.tab.refresh()  # what is read again does not go before what was typed
    costs.qtbot.waitUntil(lambda: not costs.tab.desk._measuring.is_busy)
    costs.settle()
    assert costs.tags("workload.tokens_month") == ["user"]
    assert costs.tab.desk.scenario.profile.workload.tokens_month == Decimal("1.2e9")
    costs.tab.inputs.reset.click()
    costs.settle()
    assert costs.tags("workload.tokens_month") == ["measured"]
    assert costs.edit("workload.tokens_month").text() == "95.63"


def test_few_days_are_insufficient_data(costs: CostsDesk) -> None:
    costs.costs.measured = msgspec.structs.replace(script.MEASURED, days=6.0, runs=120)
    costs.open()
    assert costs.tab.inputs.foot.measured.text().startswith("Insufficient data: 6 days")


def test_utilisation_and_volume_stand_for_each_other(costs: CostsDesk) -> None:
    costs.open_g11()
    work = costs.tab.inputs.workload
    assert work.utilisation_value.text() == "20 %"
    assert work.volume.edits["workload.tokens_month"].placeholderText() == "95.6 M at 20 %"
    QTest.keyClick(work.utilisation, Qt.Key.Key_Right)
    costs.settle()
    assert costs.tab.desk.scenario.profile.workload.utilisation == Decimal("0.21")
    costs.type("workload.tokens_month", "239.0725")
    assert costs.tab.desk.scenario.profile.workload.utilisation is None
    assert work.utilisation_value.text() == "50 %"
    QTest.keyClick(work.output_share, Qt.Key.Key_PageUp)
    costs.settle()
    assert costs.tab.desk.scenario.profile.workload.mix == "13:7"
    assert work.mix.text() == "13:7"


def test_refused_number_is_told_beside_the_inputs_and_figures_are_stale(costs: CostsDesk) -> None:
    costs.open_g11()
    costs.type("hardware.life_months", "0")
    foot = costs.tab.inputs.foot
    assert foot.error.isVisible()
    assert foot.error.text.startswith("Life cannot be used")
    assert costs.edit("hardware.life_months").property("invalid") is True
    assert costs.tab.results.is_stale
    assert "last valid inputs" in costs.tab.results.chart_note.text()
    assert costs.figures()[0][1] == "$159.14"
    costs.type("hardware.life_months", "48")
    assert not foot.error.isVisible()
    assert not costs.tab.results.is_stale
    assert costs.edit("hardware.life_months").property("invalid") is False


def test_what_is_no_number_is_not_computed_with(costs: CostsDesk) -> None:
    costs.open_g11()
    asked = len(costs.engine.of_type(cc.AnalyseCosts))
    costs.type("hardware.capex_usd", "nan")
    assert costs.tab.inputs.rows[0].below.text() == "Hardware price needs a number."
    assert costs.tab.results.is_stale
    # "2,500" was emptied first, which is an answer of its own; what is no number is not asked about.
    sent = costs.engine.of_type(cc.AnalyseCosts)[asked:]
    assert all(command.scenario.profile.hardware.capex_usd is None for command in sent)
    costs.type("hardware.capex_usd", "3,000")
    assert not costs.tab.results.is_stale
    assert costs.tab.desk.scenario.profile.hardware.capex_usd == 3000


def test_a_mistake_is_named_as_soon_as_it_is_made(costs: CostsDesk) -> None:
    page = costs.open_g11()
    foot = costs.tab.inputs.foot
    assert not foot.mistake.isVisible()
    costs.type("people.hours_month", "")
    costs.type("people.rate_usd", "")
    assert foot.mistake.isVisible()
    assert "hours" in foot.mistake.text
    assert "of 13 cost checks pass" in foot.title.text()
    assert "1 to mend" in foot.below.text()
    page.show_checks()
    blocks = costs.tab.checks.blocks
    assert len(blocks) == 13
    assert blocks[0].check.code == "no_people"
    costs.tab.checks.close()


def test_typing_on_is_one_question(costs: CostsDesk) -> None:
    costs.open_g11()
    asked = len(costs.engine.of_type(cc.AnalyseCosts))
    edit = costs.edit("hardware.capex_usd")
    edit.selectAll()
    QTest.keyClicks(edit, "12345")
    costs.qtbot.waitUntil(lambda: costs.tab.desk._analysis.is_busy)
    costs.settle()
    sent = costs.engine.of_type(cc.AnalyseCosts)[asked:]
    assert [command.scenario.profile.hardware.capex_usd for command in sent] == [12345]


def test_only_the_newest_answer_counts(costs: CostsDesk) -> None:
    costs.open_g11()
    gate = asyncio.Event()
    real = costs.costs.analyse

    async def slow(command: cc.AnalyseCosts) -> Any:
        if command.scenario.profile.hardware.capex_usd == 1:
            await gate.wait()
        return real(command)

    costs.engine.answers[cc.AnalyseCosts] = slow
    desk = costs.tab.desk
    profile = desk.scenario.profile
    for capex in (1, 5000):
        changed = with_value(profile, "hardware.capex_usd", Decimal(capex))
        desk.edit(msgspec.structs.replace(desk.scenario, profile=changed))
        desk.analyse()
    costs.settle()
    assert costs.figures()[0][1] == "$214.70"


def test_scenarios_are_saved_opened_and_deleted(costs: CostsDesk) -> None:
    page = costs.open()
    costs.tab.desk.edit(msgspec.structs.replace(script.G11, id="", name=""))
    costs.tab.inputs.show_scenario(costs.tab.desk.scenario, "")
    page.save_scenario()
    assert page.naming is not None
    page.naming.field.set_text("")
    page.naming.finish()
    assert page.naming.field.error
    page.naming.field.set_text("Desktop")
    page.naming.finish()
    costs.qtbot.waitUntil(lambda: page.title_widget.scenario_text == "Desktop")
    assert "scenario 1 of 1" in page.title_widget.meta.text()
    costs.type("hardware.capex_usd", "9,000")
    costs.qtbot.waitUntil(lambda: "changed" in page.title_widget.meta.text())
    page.new_scenario()
    assert page.title_widget.scenario_text == "New scenario"
    page.choose_scenario()
    page.title_widget.menu.actions()[0].trigger()
    costs.settle()
    assert costs.edit("hardware.capex_usd").text() == "2,500"
    costs.tab.desk.remove()
    costs.qtbot.waitUntil(lambda: not costs.tab.desk.stored)
    assert not costs.costs.stored


def test_table_and_chart_become_files(costs: CostsDesk, tmp_path: Path) -> None:
    page = costs.open_g11()
    for save, name in ((page.save_table, "costs.csv"), (page.save_chart, "costs.png")):
        save()
        dialog = costs.tab.exporter.dialog
        assert isinstance(dialog, QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
    text = (tmp_path / "costs.csv").read_text()
    assert text.splitlines()[0] == (
        "tokens_month,gpt-4o usd,self_host usd,hybrid usd,gpt-4o-mini usd,machines,cheaper"
    )
    assert (tmp_path / "costs.png").read_bytes().startswith(b"\x89PNG")


def test_prices_show_their_date_and_unknown_models_their_reason(costs: CostsDesk) -> None:
    costs.open_g11()
    compare = costs.tab.inputs.compare
    assert compare.prices["configured"].text() == "$2.50 / $10.00 per M"
    assert compare.heads["configured"].tags[0].text() == script.BOOK_DATE
    line = compare.choices["hosted"].lineEdit()
    line.selectAll()
    QTest.keyClicks(line, "nobody/nothing")
    costs.settle()
    assert "No such model" in compare.prices["hosted"].text()
    assert costs.figures()[2][1] == "—"
    assert not costs.tab.results.switch.button("hosted").isEnabled()


def test_people_are_hours_or_a_share_of_a_post(costs: CostsDesk) -> None:
    costs.open_g11()
    people = costs.tab.inputs.people
    people.choice.button("post").click()
    costs.type("people.fte_share", "50")
    costs.type("people.salary_usd_year", "150,000")
    profile = costs.tab.desk.scenario.profile
    assert (profile.people.fte_share, profile.people.hours_month) == (Decimal("0.5"), None)
    assert "people $6,250.00" in costs.tab.results.cards[0].figure.why


def test_small_window_keeps_everything_in_reach(costs: CostsDesk) -> None:
    costs.open_g11()
    costs.window.resize(1024, 700)
    costs.qtbot.waitUntil(lambda: costs.window.width() == 1024)
    cards = costs.tab.results.cards
    costs.qtbot.waitUntil(lambda: cards[2].y() > cards[0].y())
    assert costs.tab.results.width() <= costs.tab._scroll.viewport().width()
    for group in costs.tab.inputs.groups.values():
        group.set_open(is_open=True)
        assert group.button.accessibleName()
    assert costs.window.grab().width() == 1024


def test_keyboard_reaches_tabs_and_every_control_has_a_name(costs: CostsDesk) -> None:
    page = costs.open_g11()
    title = page.title_widget
    assert title.buttons["break_even"].isChecked()
    for field in all_fields():
        edit = costs.edit(field.key)
        assert edit.accessibleName()
        assert field.help in edit.toolTip()
    assert "(Ctrl+S)" in title.save.toolTip()
    assert costs.tab.results.copy.toolTip() == "Copy the table (Ctrl+Shift+C)"


# ---- without a window --------------------------------------------------------------------------------------


def test_texts_of_figures() -> None:
    assert [tokens(n) for n in (35_365_000, 478.145e6, 1e9, 999.9e6, 328_542, 5, 1e18)] == [
        "35.4 M",
        "478 M",
        "1 B",
        "1 B",
        "329 k",
        "5",
        "1,000,000 T",
    ]
    assert [usd(a) for a in ("159.143", "0", None, "-12.5", "1234567", "0.0000417")] == [
        "$159.14",
        "$0",
        "—",
        "\N{MINUS SIGN}$12.50",
        "$1.23 M",
        "$0.000042",
    ]
    assert usd_signed("550") == "+$550"
    assert [percent(share) for share in (0.0740, 0.2, 1.68, None)] == ["7.4 %", "20 %", "168 %", "—"]


@pytest.mark.parametrize(
    ("text", "key", "stored"),
    [
        ("2,500", "hardware.capex_usd", Decimal(2500)),
        ("0,15", "energy.tariff_usd_per_kwh", Decimal("0.15")),
        ("20", "hardware.residual_share", Decimal("0.2")),
        ("1.2B", "workload.tokens_month", Decimal(1_200_000_000)),
        ("95.6", "workload.tokens_month", Decimal(95_600_000)),
        ("", "hardware.capex_usd", None),
        ("-5", "hardware.capex_usd", Decimal(-5)),
    ],
)
def test_numbers_as_people_type_them(text: str, key: str, stored: Decimal | None) -> None:
    field = next(field for field in all_fields() if field.key == key)
    assert parsed(text, field) == stored
    assert parsed(shown(stored, field), field) == stored


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "two", "1e999999", "1.2.3", "9" * 70])
def test_no_numbers(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        parsed(text, all_fields()[0])


def test_mix_and_output_share() -> None:
    assert [mix_of_share(share) for share in (0.25, 0.5, 0.35, 0, 1, 0.33)] == [
        "3:1",
        "1:1",
        "13:7",
        "1:0",
        "0:1",
        "67:33",
    ]
    assert [share_of_mix(mix) for mix in ("3:1", "0:0", "a:b", None, "1:2:3", "-1:3")] == [0.25, *[None] * 5]


def test_measured_values_go_before_typed_ones_but_not_before_a_presets() -> None:
    typed = CostScenario(name="", profile=script.DESKTOP).profile
    measured = script.MEASURED.profile
    laid = overlaid(typed, measured)
    assert value_of(laid, "workload.tokens_month") == measured.workload.tokens_month
    assert value_of(laid, "workload.utilisation") is None
    assert origin_of(laid, "workload.mix") == "measured"
    assert origin_of(laid, "rates.gen_tps") == "preset"
    assert origin_of(laid, "hardware.capex_usd") == "user"
    assert "workload.mix" in keys_of(laid)
    assert msgspec.structs.replace(laid, workload=WorkloadPart()).workload.mix is None


def test_axis_is_logarithmic_and_bounded() -> None:
    axis = LogAxis(1e6, 1e10, 0, 400)
    assert [round(axis.at(value)) for value in (1e6, 1e8, 1e10)] == [0, 200, 400]
    assert axis.value(200) == pytest.approx(1e8)
    assert axis.at(0) == axis.at(-5) == -4000
    assert axis.decades() == [1e6, 1e7, 1e8, 1e9, 1e10]


def test_error_of_the_engine_is_one_line(costs: CostsDesk) -> None:
    costs.open_g11()
    costs.engine.answers[cc.AnalyseCosts] = UsageError(
        "The mix cannot be used", "0:0 has no tokens", "Type 3:1."
    )
    costs.tab.desk.analyse()
    costs.settle()
    assert costs.tab.inputs.foot.error.text == "The mix cannot be used: 0:0 has no tokens. Type 3:1."


def test_prices_are_read_when_their_tab_is_shown(costs: CostsDesk) -> None:
    costs.open()
    before = len(costs.engine.of_type(cc.ReadPrices))
    costs.page.show_tab("prices")
    costs.qtbot.waitUntil(lambda: len(costs.engine.of_type(cc.ReadPrices)) > before)


def test_what_settings_say_of_the_machine_is_the_users_and_follows_them() -> None:
    typed = {"hardware.capex_usd": "user"}
    noted = {"hardware.capex_usd": "from Settings"}
    known = CostProfile(hardware=HardwarePart(capex_usd=Decimal(2500)), origins=typed, notes=noted)
    profile = overlaid(CostProfile(), known)
    assert profile.origins["hardware.capex_usd"] == "user"
    dearer = msgspec.structs.replace(known, hardware=HardwarePart(capex_usd=Decimal(3000)))
    assert overlaid(profile, dearer, keeps_typed=True).hardware.capex_usd == 3000
    own = with_value(profile, "hardware.capex_usd", Decimal(1000))
    assert overlaid(own, dearer, keeps_typed=True).hardware.capex_usd == 1000


def test_a_long_figure_is_written_smaller_and_all_it_depends_on_is_seen(qtbot: QtBot, theme: Theme) -> None:
    card = FigureCard(theme)
    qtbot.addWidget(card)
    card.resize(150, 110)
    below = "$61.65/M at 0.19 %, mix 4.08:1, 1 stream"
    card.show_figure(KeyFigure("At openai/gpt-4o-mini", "$0.000073", below=below))
    card.show()
    assert card.value.fontMetrics().horizontalAdvance("$0.000073") <= card.width() - 28
    assert card.below.text() == below
    assert card.below.wordWrap()


def test_a_volume_beside_the_chart_is_told_in_words_only(costs: CostsDesk) -> None:
    costs.open_g11()
    analysis = costs.tab.desk.analysis
    assert analysis is not None
    few = msgspec.structs.replace(analysis, tco=msgspec.structs.replace(analysis.tco, tokens_month=6909.0))
    picture = picture_of(few, few.against[0], "from the ledger")
    assert picture is not None
    assert picture.volume is not None
    assert picture.volume.title == "You: 6.91 k, from the ledger, left of this chart"
    assert picture.volume.self_usd is None


def test_small_measured_figures_read_well() -> None:
    assert days_words(0.2, 1) == "less than a day of your ledger, 1 request"
    rates = RatesPart(prompt_tps=Decimal("24.371"), gen_tps=Decimal("13.7921"))
    shown_rates = summaries(CostScenario(name="", profile=CostProfile(rates=rates)))["rates"]
    assert shown_rates == "24.4 / 13.8 tok/s"
