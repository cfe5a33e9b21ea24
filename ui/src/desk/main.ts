// The supervisor's desk: starts with the language and the look of last time, then asks who is there.
import { createApp } from 'vue'
import 'element-plus/theme-chalk/base.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/element.css'
import './styles/page.css'
import App from './App.vue'
import { makeI18n, setLanguage } from '@shared/i18n'
import { router } from './router'
import { followPreferences, preferences } from './shell/preferences'

async function start(): Promise<void> {
  followPreferences()
  const i18n = makeI18n()
  await setLanguage(i18n, preferences.language, 'desk')
  createApp(App, { i18n }).use(i18n).use(router).mount('#app')
}

void start()
