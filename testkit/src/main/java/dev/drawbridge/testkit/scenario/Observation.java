package dev.drawbridge.testkit.scenario;

/**
 * What came of one row.
 *
 * @param actual in the words of the row's expectation, so that equal means as expected
 * @param why what the refusing or allowing side said about it; empty if nobody says
 */
public record Observation(String actual, String why) {}
