import { ActionIcon, Menu } from '@mantine/core';
import { IconCheck, IconLanguage } from '@tabler/icons-react';
import { currentLocale, LANGUAGES, OFFERED, storeLocale } from '@/lib/locale';
import { texts } from '@/lib/texts';

/** The language of the studio. Texts are read once when a page is opened: another language opens it again. */
export function LanguageSwitch() {
  if (OFFERED.length < 2) return null;
  return (
    <Menu position="top-end" withinPortal>
      <Menu.Target>
        <ActionIcon aria-label={texts.language.change} title={texts.language.change}>
          <IconLanguage size={16} stroke={1.7} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {OFFERED.map((locale) => (
          <Menu.Item
            key={locale}
            lang={locale}
            rightSection={locale === currentLocale() ? <IconCheck size={14} aria-hidden /> : null}
            onClick={() => {
              storeLocale(locale);
              location.reload();
            }}
          >
            {LANGUAGES[locale]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
