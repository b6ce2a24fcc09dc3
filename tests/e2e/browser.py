"""A real browser without a screen: Debian's Chromium, driven as a person drives it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait


class Browser:
    """One window of a browser that has never been anywhere. Waiting is for what it shows."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium"
        for argument in ("--headless=new", "--window-size=1280,900", "--disable-dev-shm-usage"):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        self._driver = Chrome(options, ChromeService(shutil.which("chromedriver") or "chromedriver"))

    def open(self, url: str) -> None:
        """Go to a page."""
        self._driver.get(url)

    def wait(self, selector: str, text: str = "", seconds: float = 30) -> WebElement:
        """Wait until an element (by CSS selector) is in view whose text contains ``text``."""

        def seen(_: object) -> WebElement | None:
            for element in self._driver.find_elements(By.CSS_SELECTOR, selector):
                if element.is_displayed() and text in element.text:
                    return element
            return None

        wait = WebDriverWait(self._driver, seconds, 0.1, [StaleElementReferenceException])
        try:
            found = wait.until(seen)
        except TimeoutException:
            picture = self.picture()
        else:
            assert found is not None
            return found
        pytest.fail(
            f"{selector} with {text!r} did not appear within {seconds} s at {self._driver.current_url},"
            f" see {picture}:\n{self._driver.find_element(By.TAG_NAME, 'body').text}"
        )

    def count(self, selector: str) -> int:
        """How many such elements there are now."""
        return len(self._driver.find_elements(By.CSS_SELECTOR, selector))

    def click(self, selector: str, text: str = "") -> None:
        """Click an element as soon as it is in view."""
        self.wait(selector, text).click()

    def type(self, text: str, *, enter: bool = False, shift_enter: bool = False) -> None:
        """Type into what has the focus; end with the key named."""
        actions = ActionChains(self._driver).send_keys(text)
        if enter:
            actions.send_keys(Keys.ENTER)
        if shift_enter:
            actions.key_down(Keys.SHIFT).send_keys(Keys.ENTER).key_up(Keys.SHIFT)
        actions.perform()

    def title(self) -> str:
        """The page's title."""
        return self._driver.title

    def cookies(self) -> str:
        """What it sends with every request to the page's server, as that header's value."""
        return "; ".join(f"{one['name']}={one['value']}" for one in self._driver.get_cookies())

    def picture(self) -> Path:
        """What it shows now, as a file."""
        path = self._directory / "browser.png"
        self._driver.save_screenshot(path)
        return path

    def close(self) -> None:
        """End it with all its windows."""
        self._driver.quit()
